"""What AWS refuses while a load balancer is in service and endpoints are connected, and moto permits.

Each refusal stands with AWS's page. An emulator that permits more than AWS would
prove nothing about a change that is refused.
"""

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.vpc_service_configuration import VPCServiceConfigurationBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.vpc_service_configuration import VPCEndpointServiceConfiguration
from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer, FakeTargetGroup

from corrections import correct

GONE = ("deleted", "rejected")


def services():
    """Every endpoint service of every account and Region."""
    return [service for regions in ec2_backends.values() for backend in regions.values() for service in backend.configurations.values()]


def endpoints(service):
    """The endpoints of a service, in whichever account and Region they are."""
    backends = [backend for regions in ec2_backends.values() for backend in regions.values()]
    return [one for backend in backends for one in backend.vpc_end_points.values() if one.service_name == service.service_name]


# --- Endpoint services ----------------------------------------------------------


# A service cannot lose a load balancer, or go, while endpoints are connected to it
# or wait: they are deleted or rejected first (EC2 API reference,
# DeleteVpcEndpointServiceConfigurations).
def refuse_while_connected(backend, service_id):
    service = backend.configurations.get(service_id)
    if service and any(endpoint.state not in GONE for endpoint in endpoints(service)):
        raise EC2ClientError("ExistingVpcEndpointConnections", f"Service {service_id} has existing active VPC Endpoint connections!")


@correct(VPCServiceConfigurationBackend, "modify_vpc_endpoint_service_configuration")
def keep_load_balancers_in_use(original, self, service_id, **changes):
    if changes["remove_network_lbs"]:
        refuse_while_connected(self, service_id)
    original(self, service_id, **changes)


@correct(VPCServiceConfigurationBackend, "delete_vpc_endpoint_service_configurations")
def keep_services_in_use(original, self, service_ids):
    for service_id in service_ids:
        refuse_while_connected(self, service_id)
    return original(self, service_ids)


# A service that requires acceptance keeps a new endpoint waiting, and is not
# visible to accounts outside its principals (PrivateLink guide, Configure an endpoint
# service: Manage permissions, Accept or reject connection requests).
@correct(VPCBackend, "create_vpc_endpoint")
def ask_the_service(original, self, **options):
    name = options["service_name"]
    service = next((one for one in services() if one.service_name == name), None)
    if service and not any(principal == "*" or principal.split(":")[4] == self.account_id for principal in service.principals):
        raise EC2ClientError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    endpoint = original(self, **options)
    if service and str(service.acceptance_required).lower() == "true":
        endpoint.state = "pendingAcceptance"
    return endpoint


def decide(self, state, possible):
    """Accepts or rejects each named endpoint of the service."""
    service = self.ec2_backend.configurations[self._get_param("ServiceId")]
    asked = {endpoint.id: endpoint for endpoint in endpoints(service)}
    unsuccessful = []
    for endpoint_id in self._get_param("VpcEndpointIds", []):
        endpoint = asked.get(endpoint_id)
        if endpoint and endpoint.state in possible:
            endpoint.state = state
            endpoint.dns_entries = getattr(endpoint, "accepted_dns_entries", endpoint.dns_entries)
        else:
            message = f"The Vpc Endpoint Id '{endpoint_id}' does not exist, or not in a state for this"
            unsuccessful.append({"ResourceId": endpoint_id, "Error": {"Code": "InvalidVpcEndpointId.NotFound", "Message": message}})
    return ActionResult({"Unsuccessful": unsuccessful})


def accept_vpc_endpoint_connections(self):
    return decide(self, "available", ("pendingAcceptance", "available"))


def reject_vpc_endpoint_connections(self):
    return decide(self, "rejected", ("pendingAcceptance", "available"))


def describe_vpc_endpoint_connections(self):
    wanted = self._filters_from_querystring()
    found = [
        {"ServiceId": service.id, "VpcEndpointId": endpoint.id, "VpcEndpointState": endpoint.state}
        for service in self.ec2_backend.configurations.values()
        if service.id in wanted.get("service-id", [service.id])
        for endpoint in endpoints(service)
        if endpoint.id in wanted.get("vpc-endpoint-id", [endpoint.id])
    ]
    return ActionResult({"VpcEndpointConnections": found})


def answer_about_connections():
    """Applied last to these calls, after all other corrections."""
    for action in (accept_vpc_endpoint_connections, reject_vpc_endpoint_connections, describe_vpc_endpoint_connections):
        setattr(VPCEndpointServiceConfiguration, action.__name__, action)


# --- Load balancers -------------------------------------------------------------


# A load balancer that an endpoint service uses cannot be deleted, nor one with
# deletion protection (ELB API reference, DeleteLoadBalancer: ResourceInUse,
# OperationNotPermitted).
@correct(ELBv2Backend, "delete_load_balancer")
def keep_what_a_service_uses(original, self, arn):
    balancer = self.load_balancers.get(arn)
    if balancer and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise ELBClientError("OperationNotPermitted", f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled")
    if any(arn in service.network_load_balancer_arns for service in services()):
        raise ELBClientError("ResourceInUse", f"Load balancer '{arn}' cannot be deleted because it is currently associated with another service")
    return original(self, arn)


# No subnet is taken from a load balancer that an endpoint service uses (PrivateLink
# guide, Manage Network Load Balancers of an endpoint service).
@correct(ELBv2Backend, "set_subnets")
def keep_subnets_in_use(original, self, arn, subnets, subnet_mappings):
    asked = {*subnets, *(mapping["SubnetId"] for mapping in subnet_mappings)}
    taken = {subnet.id for subnet in self.load_balancers[arn].subnets} - asked
    if taken and any(arn in service.network_load_balancer_arns for service in services()):
        raise ELBClientError("ResourceInUse", f"The subnets {', '.join(sorted(taken))} are in use by a VPC endpoint service")
    return original(self, arn, subnets, subnet_mappings)


# One listener of a port (CreateListener: DuplicateListener), and a target group of
# one load balancer (TargetGroupAssociationLimit). moto looks up ports among ARNs.
@correct(ELBv2Backend, "create_listener")
def keep_ports_and_groups_apart(original, self, load_balancer_arn, protocol, port, ssl_policy, certificate, actions, **others):
    balancer = self.load_balancers[load_balancer_arn]
    if any(str(listener.port) == str(port) for listener in balancer.listeners.values()):
        raise DuplicateListenerError()
    for action in actions:
        for arn in self._get_target_group_arns_from(action_data=action):
            if set(self.target_groups[arn].load_balancer_arns) - {load_balancer_arn}:
                raise ELBClientError("TargetGroupAssociationLimit", f"The target group {arn} is associated with another load balancer")
    return original(self, load_balancer_arn, protocol, port, ssl_policy, certificate, actions, **others)


# Zonal shift with cross-zone balancing wants connection termination off on every
# target group (ELB User Guide for NLBs, Enable zonal shift: Prerequisites).
TERMINATION = "target_health_state.unhealthy.connection_termination.enabled"

FakeLoadBalancer.VALID_ATTRS = {*FakeLoadBalancer.VALID_ATTRS, "zonal_shift.config.enabled", "dns_record.client_routing_policy"}


@correct(ELBv2Backend, "modify_load_balancer_attributes")
def refuse_a_zonal_shift_that_resets(original, self, arn, attrs):
    groups = [group for group in self.target_groups.values() if arn in group.load_balancer_arns]
    if attrs.get("zonal_shift.config.enabled") == "true" and any(group.attributes.get(TERMINATION) != "false" for group in groups):
        raise ELBClientError("InvalidConfigurationRequest", "Zonal shift cannot be enabled: connection termination for unhealthy targets must be disabled on all target groups")
    return original(self, arn, attrs)


# --- Target groups --------------------------------------------------------------


# AWS has these attributes on every TCP target group (ELB User Guide for NLBs, Target
# group attributes), and moto once they were set.
@correct(FakeTargetGroup, "__init__")
def have_all_attributes(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    if self.protocol == "TCP":
        defaults = {
            TERMINATION: "true",
            "target_health_state.unhealthy.draining_interval_seconds": "0",
            "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
            "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
        }
        self.attributes = {**defaults, **self.attributes}


# A health check can be changed at any time, its protocol and success codes too (ELB
# User Guide for NLBs, Update the health check settings). One of TCP has neither path
# nor codes.
@correct(ELBv2Backend, "modify_target_group")
def change_the_whole_check(original, self, arn, *args, **kwargs):
    group = original(self, arn, *args, **kwargs)
    codes = kwargs.get("http_codes") or next((one for one in args[7:8] if one), None)
    if group.health_check_protocol == "TCP":
        group.health_check_path, group.matcher = None, None
    elif codes or not getattr(group, "matcher", None):
        group.matcher = {"HttpCode": codes or "200"}
    return group
