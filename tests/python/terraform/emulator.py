"""moto's server, with some answers corrected to what AWS answers.

Each correction is of something that moto takes and then forgets, which Terraform would
report as drift in every plan; emulator_refusals.py has what AWS refuses.
They are here and not in the modules: an emulator's faults must not shape what is
deployed.

It prints its port, which the system chooses.
"""

import base64
import functools
import logging
import signal
import threading
import uuid

import emulator_endpoints
import moto.core.responses
import moto.eks.models
from moto.awslambda.models import LambdaFunction
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.responses.vpc_service_configuration import VPCEndpointServiceConfiguration
from moto.eks.models import EKSBackend
from moto.eks.responses import EKSResponse
from moto.eks.urls import url_paths as eks_paths
from moto.elbv2.models import ELBv2Backend
from moto.elbv2.responses import ELBV2Response
from moto.iam.models import AWSManagedPolicy, IAMBackend, get_account_id_from
from moto.logs.responses import LogsResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.route53.responses import Route53
from moto.server import ThreadedMotoServer
from moto.stepfunctions.responses import StepFunctionResponse

import emulator_refusals
from corrections import correct

# Caches an answer that took a fifth of moto's time, for each request and cluster.
for module, name in ((moto.core.responses, "method_names_from_class"), (moto.eks.models, "validate_role_arn")):
    setattr(module, name, functools.cache(getattr(module, name)))


# moto's models are not made for several requests at a time: one that lists
# fails while another creates.
one_at_a_time = threading.Lock()


@correct(DomainDispatcherApplication, "__call__")
def answer_one_at_a_time(original, *request):
    with one_at_a_time:
        return original(*request)


# An account is that of the access key. MOTO_ACCOUNT_ID, which moto puts first, is
# that of everybody else.
@correct(BaseResponse, "get_current_account")
def account_of_the_access_key(original, self):
    account = get_account_id_from(self.get_access_key())
    return original(self) if account == DEFAULT_ACCOUNT_ID else account


# Of the policies that AWS manages, the one that is attached: moto would read a
# thousand, again for each account.
@correct(IAMBackend, "_init_aws_policies")
def know_what_is_attached(_, self):
    return [AWSManagedPolicy("AmazonSSMManagedInstanceCore", account_id=self.account_id, region=self.region_name, document="{}")]


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


emulator_endpoints.install(correct)


# To delete what is gone succeeds, so that a client may repeat a call whose answer
# it lost (API reference, DeleteTargetGroup, which has no other error than
# ResourceInUse).
@correct(ELBv2Backend, "delete_target_group")
def delete_what_is_gone(original, self, target_group_arn):
    if target_group_arn in self.target_groups:
        original(self, target_group_arn)


# A volume for which no size is given has that of the image's snapshot.
@correct(InstanceResponse, "_parse_block_device_mapping")
def take_the_size_of_the_image(original, self):
    for mapping in self._get_param("BlockDeviceMappings", []):
        mapping["Ebs"].setdefault("VolumeSize", 8)
    return original(self)


# EKS tells the VPC of the subnets, and makes a security group for the cluster and
# a host name of its own. moto has one name for all.
@correct(EKSBackend, "create_cluster")
def add_the_network(original, self, name, resources_vpc_config, **others):
    ec2 = ec2_backends[self.account_id][self.region_name]
    vpc = ec2.get_subnet(resources_vpc_config["subnetIds"][0]).vpc_id
    group = ec2.create_security_group(f"eks-cluster-sg-{name}", "EKS created", vpc_id=vpc)
    network = {"vpcId": vpc, "clusterSecurityGroupId": group.id, "securityGroupIds": [], "publicAccessCidrs": [], **resources_vpc_config}
    cluster = original(self, name=name, resources_vpc_config=network, **others)
    cluster.endpoint = f"https://{uuid.uuid4().hex.upper()}.gr7.{self.region_name}.eks.amazonaws.com"
    return cluster


# An attribute that an update leaves out keeps its value.
@correct(EKSBackend, "update_cluster_config")
def keep_the_rest(original, self, name, resources_vpc_config, **others):
    before = self.clusters[name].resources_vpc_config if name in self.clusters else {}
    return original(self, name=name, resources_vpc_config={**before, **resources_vpc_config}, **others)


# A certificate authority is appended to the bundle that DescribeCluster returns.
def create_certificate_authority(self):
    cluster = self.eks_backend.describe_cluster(self.path.split("/")[2])
    bundle = base64.b64decode(cluster.certificate_authority["data"]) + b"-----BEGIN CERTIFICATE-----\nsuccessor\n-----END CERTIFICATE-----\n"
    cluster.certificate_authority = {"data": base64.b64encode(bundle).decode()}
    return ActionResult({})


EKSResponse.create_certificate_authority = create_certificate_authority
eks_paths["{0}/clusters/(?P<name>[^/]+)/certificate-authorities$"] = EKSResponse().dispatch


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


# GetFunction returns a reserved concurrency of 0 too; moto takes it for none.
@correct(LambdaFunction, "get_code")
def return_a_reserved_concurrency_of_zero(original, self):
    answer = original(self)
    if self.reserved_concurrency == 0:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": 0}
    return answer


# Saved queries, which moto has not.
def put_query_definition(self):
    given = {key: self._get_param(key) for key in ("name", "queryString", "logGroupNames")}
    identity = self._get_param("queryDefinitionId") or str(uuid.uuid4())
    queries[identity] = {"queryDefinitionId": identity, **given}
    return ActionResult({"queryDefinitionId": identity})


def describe_query_definitions(self):
    prefix = self._get_param("queryDefinitionNamePrefix") or ""
    return ActionResult({"queryDefinitions": [query for query in queries.values() if query["name"].startswith(prefix)]})


def delete_query_definition(self):
    return ActionResult({"success": queries.pop(self._get_param("queryDefinitionId"), None) is not None})


queries = {}
for action in (put_query_definition, describe_query_definitions, delete_query_definition):
    setattr(LogsResponse, action.__name__, action)


# The provider has a definition validated before it plans, and asks for versions.
StepFunctionResponse.validate_state_machine_definition = lambda self: ActionResult({"result": "OK", "diagnostics": []})
StepFunctionResponse.list_state_machine_versions = lambda self: ActionResult({"stateMachineVersions": []})


emulator_refusals.answer_about_connections()


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not every request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    signal.pause()
