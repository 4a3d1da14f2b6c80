//! Where spans go and which are taken, in the words of OpenTelemetry.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::uri::Uri;
use opentelemetry_sdk::trace::Sampler;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use types::Secret;

/// Who decides where nobody says who.
const SAMPLER: &str = "parentbased_traceidratio";
/// And what it takes.
const SHARE: f64 = 0.1;

/// The section `traces`.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The base address of the collector; empty: there are no traces.
    pub collector: String,
    /// The whole address, where it is not `/v1/traces` below that.
    pub endpoint: String,
    /// Headers of each request to it, `name=value,…`.
    pub headers: Option<Secret<String>>,
    /// What the service is called.
    pub service_name: String,
    /// `otlp`, or `none`: there are no traces.
    pub exporter: String,
    /// Which traces are recorded; empty: one in ten.
    pub sampler: String,
    /// The share of a sampler that has one; empty: all of them, as OpenTelemetry says.
    pub sampler_arg: String,
    /// No traces, whatever else is said.
    pub disabled: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            collector: String::new(),
            endpoint: String::new(),
            headers: None,
            service_name: "sixfold".to_owned(),
            exporter: "otlp".to_owned(),
            sampler: String::new(),
            sampler_arg: String::new(),
            disabled: false,
        }
    }
}

impl Settings {
    /// What is wrong with them: the key and a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut wrong = |key, bad: bool, said: &str| {
            if bad {
                found.push((key, said.to_owned()));
            }
        };
        for (key, address) in [("collector", &self.collector), ("endpoint", &self.endpoint)] {
            let said = "must be an http or https address without credentials, e.g. \
                        http://127.0.0.1:4318; those belong in `headers`";
            wrong(key, !address.is_empty() && !is_address(address), said);
        }
        let said = "must be pairs of a header's name and value: `name=value,other=value`";
        let headers = self.headers.as_ref();
        wrong("headers", headers.is_some_and(|given| headers_of(given.reveal()).is_none()), said);
        wrong("service_name", self.service_name.trim().is_empty(), "must not be empty");
        let said = "must be `otlp` or `none`";
        wrong("exporter", !matches!(self.exporter.as_str(), "otlp" | "none"), said);
        let said = "must be `always_on`, `always_off` or `traceidratio`, or one of them with \
                    `parentbased_` before it";
        wrong("sampler", root(self.named(), 0.0).is_none(), said);
        // What no sampler reads may be anything: it is there for other programs.
        let read = self.named().ends_with("traceidratio");
        let said = "must be a share from 0 to 1, e.g. 0.1";
        wrong("sampler_arg", read && self.share().is_none(), said);
        found
    }

    /// Where spans go; none when they go nowhere.
    pub(super) fn address(&self) -> Option<String> {
        if self.disabled || self.exporter == "none" {
            return None;
        }
        let given = |address: &String| (!address.is_empty()).then(|| address.clone());
        let below = |base: String| format!("{}/v1/traces", base.trim_end_matches('/'));
        given(&self.endpoint).or_else(|| given(&self.collector).map(below))
    }

    pub(super) fn headers(&self) -> HeaderMap {
        let given = self.headers.as_ref().and_then(|given| headers_of(given.reveal()));
        given.unwrap_or_default()
    }

    pub(super) fn sampler(&self) -> Option<Sampler> {
        let root = match root(self.named(), 0.0)? {
            Sampler::TraceIdRatioBased(_) => Sampler::TraceIdRatioBased(self.share()?),
            other => other,
        };
        let parents = self.named().starts_with("parentbased_");
        Some(if parents { Sampler::ParentBased(Box::new(root)) } else { root })
    }

    /// The sampler's name.
    fn named(&self) -> &str {
        if self.sampler.is_empty() { SAMPLER } else { &self.sampler }
    }

    fn share(&self) -> Option<f64> {
        if self.sampler_arg.trim().is_empty() {
            return Some(if self.sampler.is_empty() { SHARE } else { 1.0 });
        }
        self.sampler_arg.trim().parse().ok().filter(|share| (0.0..=1.0).contains(share))
    }
}

/// Who decides where no caller has.
fn root(name: &str, share: f64) -> Option<Sampler> {
    match name.strip_prefix("parentbased_").unwrap_or(name) {
        "always_on" => Some(Sampler::AlwaysOn),
        "always_off" => Some(Sampler::AlwaysOff),
        "traceidratio" => Some(Sampler::TraceIdRatioBased(share)),
        _ => None,
    }
}

fn is_address(text: &str) -> bool {
    let web = text.starts_with("http://") || text.starts_with("https://");
    let host = text.parse::<Uri>().ok().is_some_and(|uri| {
        uri.authority().is_some_and(|place| !place.as_str().contains('@')) && uri.host() != Some("")
    });
    web && host
}

/// Headers as OpenTelemetry writes them in a variable: `name=value,other=value`, values
/// percent-encoded; none where that makes no sense.
fn headers_of(text: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        let mut value = HeaderValue::try_from(&*value).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(name.trim()).ok()?, value);
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Settings)) -> Settings {
        let mut settings = Settings::default();
        change(&mut settings);
        settings
    }

    fn keys(settings: &Settings) -> Vec<&'static str> {
        settings.mistakes().into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn samplers_have_the_names_of_opentelemetry() {
        let made = |sampler: &str, arg: &str| {
            let settings = with(|one| {
                (one.sampler, one.sampler_arg) = (sampler.to_owned(), arg.to_owned());
            });
            format!("{:?}", settings.sampler())
        };
        let default = Settings::default();
        assert!(default.mistakes().is_empty() && default.address().is_none());
        let said = format!("{:?}", default.sampler());
        assert_eq!(said, "Some(ParentBased(TraceIdRatioBased(0.1)))");
        assert_eq!(made("", "0.5"), "Some(ParentBased(TraceIdRatioBased(0.5)))");
        assert_eq!(made("traceidratio", "1"), "Some(TraceIdRatioBased(1.0))");
        // OpenTelemetry: without a share it is all of them.
        assert_eq!(made("traceidratio", ""), "Some(TraceIdRatioBased(1.0))");
        assert_eq!(
            made("parentbased_traceidratio", " "),
            "Some(ParentBased(TraceIdRatioBased(1.0)))"
        );
        assert_eq!(made("always_on", "0.1"), "Some(AlwaysOn)");
        // A share that nobody reads stops nothing.
        for arg in ["ten", "1.5", "endpoint=http://localhost:14250"] {
            assert_eq!(made("parentbased_always_on", arg), "Some(ParentBased(AlwaysOn))");
            let (sampler, sampler_arg) = ("always_on".to_owned(), arg.to_owned());
            assert!(
                keys(&with(|one| (one.sampler, one.sampler_arg) = (sampler, sampler_arg)))
                    .is_empty()
            );
        }
        assert_eq!(made("parentbased_always_off", "0"), "Some(ParentBased(AlwaysOff))");
        for (sampler, arg, key) in [
            ("jaeger_remote", "0.1", "sampler"),
            ("parentbased_", "0.1", "sampler"),
            ("traceidratio", "1.5", "sampler_arg"),
            ("traceidratio", "NaN", "sampler_arg"),
            ("traceidratio", "ten", "sampler_arg"),
            ("", "ten", "sampler_arg"),
        ] {
            assert_eq!(made(sampler, arg), "None");
            let settings = with(|one| {
                (one.sampler, one.sampler_arg) = (sampler.to_owned(), arg.to_owned());
            });
            assert_eq!(keys(&settings), [key]);
        }
    }

    #[test]
    fn spans_go_to_one_address() {
        let address = |collector: &str, endpoint: &str, disabled| {
            let (collector, endpoint) = (collector.to_owned(), endpoint.to_owned());
            let settings = Settings { collector, endpoint, disabled, ..Settings::default() };
            assert!(settings.mistakes().is_empty());
            settings.address()
        };
        assert_eq!(address("", "", false), None);
        assert_eq!(
            address("http://c:4318/", "", false).as_deref(),
            Some("http://c:4318/v1/traces")
        );
        assert_eq!(address("http://c:4318", "https://t/x", false).as_deref(), Some("https://t/x"));
        assert_eq!(address("http://c:4318", "http://t/x", true), None);
        let exported = |name: &str| {
            let (exporter, collector) = (name.to_owned(), "http://c:4318".to_owned());
            Settings { exporter, collector, ..Settings::default() }
        };
        assert!(exported("otlp").address().is_some());
        assert!(exported("none").mistakes().is_empty() && exported("none").address().is_none());
        assert_eq!(keys(&exported("zipkin")), ["exporter"]);
        for wrong in ["c:4318", "grpc://c:4317", "http://", "http://me:secret@c:4318", "http://a b"]
        {
            assert_eq!(
                keys(&with(|one| one.collector = wrong.to_owned())),
                ["collector"],
                "{wrong}"
            );
            assert_eq!(keys(&with(|one| one.endpoint = wrong.to_owned())), ["endpoint"], "{wrong}");
        }
    }

    #[test]
    fn headers_are_pairs() {
        let read =
            headers_of(" x-tenant = a%20b+c , authorization=Basic eDp5Cg==,").expect("pairs");
        assert_eq!(read["x-tenant"], "a b+c");
        assert_eq!(read["authorization"], "Basic eDp5Cg==");
        assert!(read.values().all(HeaderValue::is_sensitive));
        for wrong in ["secret", "a b=c", "a=%0a", "=x"] {
            let settings = with(|one| one.headers = Some(Secret::new(wrong.to_owned())));
            assert_eq!(keys(&settings), ["headers"], "{wrong}");
        }
    }
}
