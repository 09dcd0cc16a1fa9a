#!/bin/sh
# Checks whether API servers answer here, by their own names and with their own
# certificates. Where one does not, see "kubectl times out" in docs/network.md.
#
#     connectivity.sh HOST[:PORT] CERTIFICATE_AUTHORITY [HOST[:PORT] CERTIFICATE_AUTHORITY ...]

authority=$(mktemp)
trap 'rm -f "$authority"' EXIT
failed=0

while [ $# -gt 1 ]; do
    addresses=$(getent ahostsv4 "${1%:*}" | awk '{ print $1 }' | sort -u | paste -s -d ' ')
    printf '%s is at %s: ' "$1" "${addresses:-no address}"
    printf %s "$2" | base64 -d > "$authority"
    # 401 and 403 come from an API server that refuses anonymous requests.
    if status=$(curl --silent --show-error --max-time 10 --cacert "$authority" --output /dev/null --write-out '%{http_code}' "https://$1/readyz") &&
        case $status in 200 | 401 | 403) ;; *) false ;; esac; then
        echo "answers ($status)"
    else
        echo "does not answer ($status)"
        failed=1
    fi
    shift 2
done
exit $failed
