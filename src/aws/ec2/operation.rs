//! Makes the one EC2 operation of the function; decides nothing.

use aws_config::SdkConfig;
use aws_smithy_query::QueryWriter;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::ErrorMetadata;

use super::answer::{self, Page};
use crate::aws::{config, parts};
use crate::model::DESCRIPTION_PREFIX;

const SERVICE: parts::Service = parts::Service { id: "EC2", name: "ec2" };
const OPERATION: &str = "DescribeNetworkInterfaces";
const VERSION: &str = "2016-11-15";

/// The largest page of network interfaces.
///
/// Source: EC2 API Reference, *DescribeNetworkInterfaces*, `MaxResults`.
const PAGE_SIZE: u16 = 1000;

/// Describes the interfaces whose description begins as EKS's do.
#[derive(Clone, Debug)]
pub(in crate::aws) struct DescribeNetworkInterfaces(Operation<Option<String>, Page, ErrorMetadata>);

impl DescribeNetworkInterfaces {
    /// Makes it with all that `config` says of clients.
    pub(in crate::aws) fn new(config: &SdkConfig) -> Self {
        let operation = Operation::builder()
            .service_name(SERVICE.name)
            .operation_name(OPERATION)
            .behavior_version(config::behavior_version())
            .serializer(request)
            .deserializer(answer::read)
            .runtime_plugin(parts::plugin(config, SERVICE));
        Self(operation.build())
    }

    /// Asks for the page at `token`, or for the first.
    pub(super) async fn invoke(
        &self,
        token: Option<String>,
    ) -> Result<Page, SdkError<ErrorMetadata, HttpResponse>> {
        self.0.invoke(token).await
    }
}

fn request(token: Option<String>) -> Result<HttpRequest, BoxError> {
    let mut form = String::new();
    let mut query = QueryWriter::new(&mut form, OPERATION, VERSION);
    query.prefix("Filter.1.Name").string("description");
    query.prefix("Filter.1.Value.1").string(&format!("{DESCRIPTION_PREFIX}*"));
    query.prefix("MaxResults").string(&PAGE_SIZE.to_string());
    if let Some(token) = token {
        query.prefix("NextToken").string(&token);
    }
    query.finish();
    parts::form(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_form() {
        let form = |token: Option<&str>| {
            let request = request(token.map(str::to_owned)).unwrap();
            String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap()
        };
        let first = "Action=DescribeNetworkInterfaces&Version=2016-11-15&Filter.1.Name=description\
                     &Filter.1.Value.1=Amazon%20EKS%20%2A&MaxResults=1000";
        assert_eq!(form(None), first);
        assert_eq!(form(Some("a+/=&b")), format!("{first}&NextToken=a%2B%2F%3D%26b"));
    }
}
