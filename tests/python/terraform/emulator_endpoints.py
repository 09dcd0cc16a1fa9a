"""What AWS does between endpoint services and endpoints, which moto leaves out.

A service is seen by the accounts that it admits, refuses zones in which it is
not, and keeps an endpoint waiting where it requires acceptance.
"""

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.vpc_service_configuration import VPCEndpointServiceConfiguration
from moto.ec2.responses.vpcs import VPCs


# A zone that AWS leaves out of cross-Region access.
NOT_ACROSS_REGIONS = {"use1-az3"}


def backends():
    return [backend for regions in ec2_backends.values() for backend in regions.values()]


def service_named(name):
    """The endpoint service of any account, and the backend that has it."""
    found = ((service, backend) for backend in backends() for service in backend.configurations.values() if service.service_name == name)
    return next(found, (None, None))


def is_true(value):
    return str(value).lower() == "true"


def admits(service, owner, backend):
    """Whether this account and Region may see a service (API reference, DescribeVpcEndpointServices)."""
    here = backend.region_name in (owner.region_name, *service._supported_region_names)
    account = backend.account_id == owner.account_id or any(principal == "*" or f"::{backend.account_id}:" in principal for principal in service.principals)
    return here and account


def install(correct):
    @correct(VPCBackend, "create_vpc_endpoint")
    def wait_for_acceptance(original, self, service_name, subnet_ids=None, **others):
        service, owner = service_named(service_name)
        if service and owner.region_name == self.region_name:
            for subnet in map(self.get_subnet, subnet_ids or []):
                if subnet.availability_zone not in service.availability_zones:
                    raise EC2ClientError(
                        "InvalidParameter",
                        f"The VPC endpoint service {service_name} does not support the availability zone of the subnet: {subnet.id}.",
                    )
        endpoint = original(self, service_name=service_name, subnet_ids=subnet_ids, **others)
        if service and is_true(service.acceptance_required):
            endpoint.accepted_dns_entries, endpoint.dns_entries = endpoint.dns_entries, []
            endpoint.state = "pendingAcceptance"
        return endpoint

    # An endpoint to another Region's service says which.
    @correct(VPCs, "create_vpc_endpoint")
    def remember_the_services_region(original, self):
        known = set(self.ec2_backend.vpc_end_points)
        answer = original(self)
        for endpoint in set(self.ec2_backend.vpc_end_points) - known:
            self.ec2_backend.vpc_end_points[endpoint].service_region = self._get_param("ServiceRegion") or self.region
        return answer

    @correct(VPCBackend, "describe_vpc_endpoint_services")
    def show_services_of_others(original, self, **arguments):
        own = self.configurations
        others = {service.id: service for backend in backends() for service in backend.configurations.values() if admits(service, backend, self)}
        self.configurations = {**others, **own}
        try:
            answer = original(self, **arguments)
        finally:
            self.configurations = own
        for details in answer["servicesDetails"]:
            _, owner = service_named(details["ServiceName"])
            if owner and owner.region_name != self.region_name:
                details["AvailabilityZones"] = [zone.name for zone in self.describe_availability_zones() if zone.zone_id not in NOT_ACROSS_REGIONS]
        return answer

    VPCEndpointServiceConfiguration.accept_vpc_endpoint_connections = accept_vpc_endpoint_connections


def accept_vpc_endpoint_connections(self):
    for endpoint_id in self._get_param("VpcEndpointIds", []):
        for backend in backends():
            endpoint = backend.vpc_end_points.get(endpoint_id)
            if endpoint and endpoint.state == "pendingAcceptance":
                endpoint.state, endpoint.dns_entries = "available", endpoint.accepted_dns_entries
    return ActionResult({"Unsuccessful": []})
