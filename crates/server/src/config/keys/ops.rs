//! Watching the server.

use super::{Key, flag, secret, text};

pub(super) static KEYS: &[Key] = &[
    secret(
        "ops",
        "metrics_token",
        "Who sends it as a bearer token is answered `GET /metrics`; 16 letters, digits and signs at \
         least. Without it there are no metrics for anybody.",
    ),
    text(
        "traces",
        "collector",
        "\"\"",
        "The base address of a collector that speaks OTLP over HTTP, e.g. `http://127.0.0.1:4318`; \
         spans go to `/v1/traces` below it. Empty: there are no traces.",
    )
    .or(&["OTEL_EXPORTER_OTLP_ENDPOINT"]),
    text(
        "traces",
        "endpoint",
        "\"\"",
        "The whole address spans go to, where it is another one; it comes before `collector`.",
    )
    .or(&["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]),
    secret(
        "traces",
        "headers",
        "Headers of each request to the collector: `name=value,other=value`, values \
         percent-encoded.",
    )
    .or(&["OTEL_EXPORTER_OTLP_HEADERS"]),
    text("traces", "service_name", "\"sixfold\"", "What the service is called in traces.")
        .or(&["OTEL_SERVICE_NAME"]),
    text("traces", "exporter", "\"otlp\"", "`otlp`, or `none`: there are no traces.")
        .or(&["OTEL_TRACES_EXPORTER"]),
    text(
        "traces",
        "sampler",
        "\"\"",
        "Which traces are recorded: `always_on`, `always_off`, `traceidratio`, or one of them with \
         `parentbased_` before it: then a caller that is believed has decided already. Empty: \
         `parentbased_traceidratio` of one in ten.",
    )
    .or(&["OTEL_TRACES_SAMPLER"]),
    text(
        "traces",
        "sampler_arg",
        "\"\"",
        "The share of `traceidratio`, 0 to 1. Empty: all, or one in ten where `sampler` is empty.",
    )
    .or(&["OTEL_TRACES_SAMPLER_ARG"]),
    flag("traces", "disabled", "false", "No traces, whatever else is said.")
        .or(&["OTEL_SDK_DISABLED"]),
];
