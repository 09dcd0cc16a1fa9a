//! Makes the one EC2 operation of the function; decides nothing.

use aws_config::SdkConfig;
use aws_smithy_query::QueryWriter;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::ErrorMetadata;

use super::answer::{self, Listed};
use crate::aws::endpoint::EC2;
use crate::aws::{config, sdk_plugin};
use crate::model::DESCRIPTION_PREFIX;

const OPERATION: &str = "DescribeNetworkInterfaces";

/// A page to be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// Where it starts; nothing for the first.
    pub(super) token: Option<String>,
    /// The most interfaces in it.
    pub(super) size: u16,
}

/// Describes the interfaces whose description starts as EKS's do.
#[derive(Clone, Debug)]
pub(in crate::aws) struct DescribeNetworkInterfaces(Operation<Page, Listed, ErrorMetadata>);

impl DescribeNetworkInterfaces {
    /// Makes it with the client settings of `config`.
    pub(in crate::aws) fn new(config: &SdkConfig) -> Self {
        let operation = Operation::builder()
            .service_name(EC2.name)
            .operation_name(OPERATION)
            .behavior_version(config::behavior_version())
            .serializer(request)
            .deserializer(answer::read)
            .runtime_plugin(sdk_plugin::plugin(config, EC2));
        Self(operation.build())
    }

    /// Reads a page.
    pub(super) async fn invoke(&self, page: Page) -> Result<Listed, SdkError<ErrorMetadata, HttpResponse>> {
        self.0.invoke(page).await
    }
}

fn request(page: Page) -> Result<HttpRequest, BoxError> {
    let mut form = String::new();
    let mut query = QueryWriter::new(&mut form, OPERATION, EC2.query_version.unwrap_or_default());
    query.prefix("Filter.1.Name").string("description");
    query.prefix("Filter.1.Value.1").string(&format!("{DESCRIPTION_PREFIX}*"));
    // An account can hide resources that AWS manages (since April 2026). Whether
    // EKS's interfaces count as such is not documented, so the request includes
    // managed resources.
    query.prefix("IncludeManagedResources").boolean(true);
    query.prefix("MaxResults").string(&page.size.to_string());
    if let Some(token) = page.token {
        query.prefix("NextToken").string(&token);
    }
    query.finish();
    sdk_plugin::form(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_form() {
        let form = |token: Option<&str>| {
            let request = request(Page { token: token.map(str::to_owned), size: 1000 }).unwrap();
            String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap()
        };
        let first = "Action=DescribeNetworkInterfaces&Version=2016-11-15&Filter.1.Name=description\
                     &Filter.1.Value.1=Amazon%20EKS%20%2A&IncludeManagedResources=true&MaxResults=1000";
        assert_eq!(form(None), first);
        assert_eq!(form(Some("a+/=&b")), format!("{first}&NextToken=a%2B%2F%3D%26b"));
    }
}
