"""List prices of us-east-1 in USD, as AWS published them in November 2026, free tiers not deducted."""

AS_OF = "November 2026"

PRICES = {
    "cloudwatch, metric and month": 0.30,
    "cloudwatch, alarm metric and month": 0.10,
    "cloudwatch, dashboard and month": 3.00,
    "logs, gigabyte ingested": 0.50,
    "logs, gigabyte stored and month": 0.03,
    "lambda, request": 0.20 / 1_000_000,
    "lambda arm64, gigabyte-second": 0.0000133334,
    "lambda x86_64, gigabyte-second": 0.0000166667,
    "scheduler, invocation": 1.00 / 1_000_000,
    "xray, trace": 5.00 / 1_000_000,
    "interface endpoint, zone and hour": 0.01,
    "step functions, transition": 0.025 / 1_000,
    "step functions, express request": 1.00 / 1_000_000,
    "step functions, express gigabyte-second": 0.00001667,
}
