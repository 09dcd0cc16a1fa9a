//! Finds the deployed function, and takes its settings for this command.

use std::cmp::Ordering;

use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::settings::{SETTINGS, Setting, Settings};

use crate::reads::function::{self, Function};
use crate::reads::{Looked, NotLooked, known};

/// The function's name by the Terraform module's default.
pub(crate) const USUAL_NAME: &str = "eks-nlb-sync";

/// Settings of this machine's own; commands report the function's `DRY_RUN` in words.
const NOT_TAKEN: [&str; 4] = ["DRY_RUN", "DNS_SERVERS", "DNS_TIMEOUT_MS", "MAX_CONCURRENCY"];

/// The settings that a command takes from the function.
fn taken() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| !NOT_TAKEN.contains(&setting.variable))
}

/// The function, as far as it was found.
#[derive(Debug)]
pub(crate) struct Deployed {
    pub(crate) name: String,
    /// Whether the command line names it.
    pub(crate) is_named: bool,
    /// Whether there are several, and none has the usual name.
    is_ambiguous: bool,
    pub(crate) function: Looked<Option<Function>>,
}

/// Whether runs of the deployed function write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    Write,
    /// The reason, in a clause.
    DoNot(String),
    /// Lambda may not be asked, or the function's variables may not be decrypted.
    Unknown,
}

impl Deployed {
    /// The function that is named, or the one of the usual name, which could not be
    /// looked for.
    pub(crate) fn unknown(name: Option<&str>, why: impl Into<NotLooked>) -> Self {
        let is_named = name.is_some();
        let name = name.unwrap_or(USUAL_NAME).to_owned();
        Self { name, is_named, is_ambiguous: false, function: Err(why.into()) }
    }

    /// Looks for the function that is named, or the one of the usual name, or the
    /// only one that has its variables.
    pub(crate) async fn find(name: Option<&str>, ask: &QueryClient<'_>) -> Self {
        let mut deployed = Self::unknown(name, NotLooked::because(""));
        deployed.function = deployed.search(ask).await;
        deployed
    }

    async fn search(&mut self, ask: &QueryClient<'_>) -> Looked<Option<Function>> {
        let described = function::describe(ask, &self.name).await?;
        if described.is_some() || self.is_named {
            return Ok(described);
        }
        let alike = function::with_variables(ask, &["NLB_TAG", "CLUSTER_NAME_TAG"]).await?;
        match &alike[..] {
            [] => Ok(None),
            [only] => {
                self.name.clone_from(only);
                function::describe(ask, only).await
            }
            several => {
                self.is_ambiguous = true;
                let names = several.join(" and ");
                Err(NotLooked::because(format!("there are several: give --function with one of {names}")))
            }
        }
    }

    pub(crate) fn role(&self) -> Looked<Option<String>> {
        Ok(known(&self.function)?.as_ref().map(|found| found.role.clone()))
    }

    /// The function's value of a setting that this command takes from it. One that does
    /// not parse keeps the function from starting, and is no reason to look at other load
    /// balancers than it does.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let variables = self.function.as_ref().ok()?.as_ref()?.variables.as_ref()?;
        let value = variables.get(name).filter(|_| taken().any(|setting| setting.variable == name))?;
        let alone = |other: &str| (other == name).then(|| value.clone());
        Settings::from_lookup(alone).is_ok().then(|| value.clone())
    }

    /// The settings that the function has, if its variables can be read.
    pub(crate) fn settings(&self) -> Looked<Result<Settings, String>> {
        let variables = known(&self.function)?.as_ref().and_then(|function| function.variables.as_ref());
        let variables = variables.ok_or_else(|| NotLooked::because("its variables may not be decrypted"))?;
        let settings = Settings::from_lookup(|name| variables.get(name).cloned());
        Ok(settings.map_err(|invalid| format!("it does not start: {invalid}")))
    }

    /// Whether runs of the function write.
    pub(crate) fn runs(&self) -> Runs {
        let name = &self.name;
        match (&self.function, self.settings()) {
            (Ok(None), _) => Runs::DoNot(
                "no function was found here; a run of `eks-nlb watch`, or of a function in another Region, does the \
                 same if the policies of its role allow it"
                    .to_owned(),
            ),
            (Ok(Some(function)), _) if function.state == "Failed" => {
                Runs::DoNot(format!("the function {name} does not run: its state is Failed"))
            }
            (_, Ok(Err(why))) => Runs::DoNot(format!("runs of the function {name} do not: {why}")),
            (_, Ok(Ok(settings))) if settings.dry_run => {
                Runs::DoNot(format!("runs of the function {name} do not: it has DRY_RUN=true"))
            }
            (_, Ok(Ok(_))) => Runs::Write,
            (_, Err(_)) => Runs::Unknown,
        }
    }

    /// Why nothing is taken from a function that the command line names, or could name.
    fn why_unknown(&self) -> Option<String> {
        let why = match &self.function {
            Ok(None) => "Lambda knows none of this name here".to_owned(),
            Err(NotLooked { why }) => why.clone(),
            Ok(Some(_)) => self.settings().err()?.why,
        };
        let told = format!(
            "The settings of the function {} are not known, so this command has those of flags and variables: {why}.",
            self.name
        );
        Some(told).filter(|_| self.is_named || self.is_ambiguous)
    }

    /// Differences that matter to a person who takes this command's output for
    /// the function's, one line each.
    pub(crate) fn notes(&self, own: &Settings) -> Vec<String> {
        let name = &self.name;
        let of_function = match self.settings() {
            Ok(Ok(of_function)) => of_function,
            Ok(Err(why)) => {
                return vec![format!(
                    "The function {name} writes nothing, and this command takes its other settings: {why}."
                )];
            }
            Err(_) => return self.why_unknown().into_iter().collect(),
        };
        let mut notes = Vec::new();
        let differs = differences(own, &of_function).join(" and ");
        if !differs.is_empty() {
            notes.push(format!(
                "The function {name} has a different {differs}. This command uses your flag or variable, so its result may \
                 differ from the function's."
            ));
        }
        if of_function.dry_run {
            notes.push(format!("The function {name} has DRY_RUN=true: its runs write nothing."));
        }
        notes
    }
}

/// The version of a deployed function, with how it compares with this program's.
pub(crate) fn version_words(version: Option<&str>) -> String {
    const OWN: &str = env!("CARGO_PKG_VERSION");
    let Some(version) = version else {
        return "unknown: its description does not begin with eks-nlb-sync and a version".to_owned();
    };
    let numbers = |text: &str| text.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>();
    match numbers(version).zip(numbers(OWN)).map(|(function, own)| function.cmp(&own)) {
        Some(Ordering::Less) => format!("{version}, older than this program ({OWN})"),
        Some(Ordering::Greater) => format!("{version}, newer than this program ({OWN})"),
        Some(Ordering::Equal) | None => version.to_owned(),
    }
}

/// The settings that say what is managed and what is done, and are not the same.
pub(crate) fn differences(own: &Settings, other: &Settings) -> Vec<&'static str> {
    taken().filter(|setting| !(setting.is_same)(own, other)).map(|setting| setting.variable).collect()
}
