"""moto's server, with five answers corrected to what AWS answers.

Each correction is of something that moto takes and then forgets, which
Terraform would report as drift for ever. They are here and not in the modules:
what is wrong with an emulator must not shape what is deployed.

    python emulator.py PORT
"""

import sys

from moto.awslambda.models import LambdaFunction
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses.vpc_service_configuration import VPCEndpointServiceConfiguration
from moto.elbv2.responses import ELBV2Response
from moto.route53.responses import Route53
from moto.server import main


def correct(owner, name):
    """Replaces `owner.name` by the decorated function, which gets the original first."""

    def decorate(function):
        original = getattr(owner, name)
        setattr(owner, name, lambda *args, **kwargs: function(original, *args, **kwargs))

    return decorate


# A hosted zone created with a VPC is private. The request may say PrivateZone
# too, but need not (API reference, CreateHostedZone); moto goes by it alone.
@correct(Route53, "_get_bool_param")
def private_with_a_vpc(original, self, name, *default):
    if name == "HostedZoneConfig.PrivateZone" and self._get_param("VPC.VPCId"):
        return True
    return original(self, name, *default)


# SetSecurityGroups also sets whether they judge PrivateLink traffic, and
# DescribeLoadBalancers returns it.
@correct(ELBV2Response, "set_security_groups")
def remember_enforcement(original, self):
    answer = original(self)
    balancer = self.elbv2_backend.load_balancers[self._get_param("LoadBalancerArn")]
    name = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
    balancer.enforce_security_group_inbound_rules_on_private_link_traffic = self._get_param(name, "on")
    return answer


# An endpoint service has the address types it was created with.
@correct(VPCEndpointServiceConfiguration, "create_vpc_endpoint_service_configuration")
def remember_address_types(original, self):
    known = set(self.ec2_backend.configurations)
    answer = original(self)
    for service in set(self.ec2_backend.configurations) - known:
        types = self._get_param("SupportedIpAddressTypes", ["ipv4"])
        self.ec2_backend.configurations[service].supported_ip_address_types = types
    return answer


# A rule that refers to a group has a description as one with a range has.
SecurityGroupRule.description = property(
    lambda self: self.ip_range.get("Description") or self.source_group.get("Description")
)


# A function has the logging configuration it was created with.
@correct(LambdaFunction, "__init__")
def remember_logging(original, self, account_id, spec, *args, **kwargs):
    original(self, account_id, spec, *args, **kwargs)
    self.logging_config = spec.get("LoggingConfig")


@correct(LambdaFunction, "get_configuration")
def tell_logging(original, self, *args, **kwargs):
    configuration = original(self, *args, **kwargs)
    if self.logging_config:
        configuration["LoggingConfig"] = self.logging_config
    return configuration


if __name__ == "__main__":
    main(["--host", "127.0.0.1", "--port", sys.argv[1]])
