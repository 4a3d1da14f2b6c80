//! What plans include: those of the ontology, with what the operator says instead.

use std::collections::BTreeMap;

use serde::Deserialize;
use types::JsonMap;

use super::Metric;
use crate::ontology::{self, Plan};

/// Plans, as far as the operator wants them different.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The plan of a new group that names none.
    pub default_plan: String,
    /// Other numbers for plans of the ontology.
    pub plans: Vec<PlanSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { default_plan: "enterprise".to_owned(), plans: Vec::new() }
    }
}

/// Other numbers for one plan; a negative one is no limit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlanSettings {
    name: String,
    users: Option<i64>,
    storage_bytes: Option<i64>,
    api_calls_per_month: Option<i64>,
    things: Option<i64>,
    connections: Option<i64>,
    event_retention_days: Option<i64>,
}

/// What every plan includes.
#[derive(Debug, Clone)]
pub struct Plans {
    default: String,
    by_name: BTreeMap<String, Plan>,
}

impl Default for Plans {
    /// Those of the ontology. Nobody is surprised by a limit on a server of their own.
    fn default() -> Self {
        let by_name = ontology::built_in().plans.clone();
        Self { default: Settings::default().default_plan, by_name }
    }
}

impl Settings {
    /// Keys whose values will not do, each with a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        self.plans().err().into_iter().collect()
    }

    /// The plans these settings make.
    ///
    /// # Errors
    /// The key that is wrong, with a sentence.
    pub fn plans(&self) -> Result<Plans, (&'static str, String)> {
        let mut plans = Plans { default: self.default_plan.clone(), ..Plans::default() };
        let names = || plans.by_name.keys().cloned().collect::<Vec<_>>().join(", ");
        if !plans.by_name.contains_key(&self.default_plan) {
            return Err(("default_plan", format!("must be one of {}", names())));
        }
        let unknown = self.plans.iter().find(|one| !plans.by_name.contains_key(&one.name));
        if let Some(unknown) = unknown {
            let said = format!("`{}` is no plan: `name` must be one of {}", unknown.name, names());
            return Err(("plans", said));
        }
        for change in &self.plans {
            if let Some(plan) = plans.by_name.get_mut(&change.name) {
                change.apply(plan);
            }
        }
        Ok(plans)
    }
}

impl PlanSettings {
    fn apply(&self, plan: &mut Plan) {
        for (number, given) in [
            (&mut plan.users, self.users),
            (&mut plan.storage_bytes, self.storage_bytes),
            (&mut plan.api_calls_per_month, self.api_calls_per_month),
            (&mut plan.things, self.things),
            (&mut plan.connections, self.connections),
            (&mut plan.event_retention_days, self.event_retention_days),
        ] {
            if let Some(given) = given {
                *number = (given >= 0).then_some(given);
            }
        }
    }
}

impl Plans {
    /// The plan of a new group that names none.
    #[must_use]
    pub fn default_plan(&self) -> &str {
        &self.default
    }

    /// What a plan includes; nothing for a name that is no plan's.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Plan> {
        self.by_name.get(name)
    }

    /// How much of something a group on `plan` may use, `limits` being its own numbers instead of
    /// the plan's; none where nothing limits it.
    #[must_use]
    pub fn limit(&self, plan: &str, limits: &JsonMap, metric: Metric) -> Option<i64> {
        let own = limits.get(metric.name()).and_then(serde_json::Value::as_i64);
        own.or_else(|| self.included(plan, metric))
    }

    /// How many days the log of a group on `plan` keeps an event, `limits` being its own numbers
    /// instead of the plan's; none: for ever.
    #[must_use]
    pub fn retention_days(&self, plan: &str, limits: &JsonMap) -> Option<i64> {
        let own = limits.get("eventRetentionDays").and_then(serde_json::Value::as_i64);
        own.or_else(|| self.by_name.get(plan)?.event_retention_days)
    }

    /// Whether a group on `plan` with `limits` of its own may use more of something, or keep events
    /// longer, than one on the default plan.
    #[must_use]
    pub fn is_above_default(&self, plan: &str, limits: &JsonMap) -> bool {
        let usual = self.retention_days(&self.default, &JsonMap::new());
        let wanted = self.retention_days(plan, limits);
        if usual.is_some_and(|usual| wanted.is_none_or(|wanted| wanted > usual)) {
            return true;
        }
        Metric::ALL.into_iter().any(|metric| {
            let usual = self.included(&self.default, metric);
            let wanted = self.limit(plan, limits, metric);
            usual.is_some_and(|usual| wanted.is_none_or(|wanted| wanted > usual))
        })
    }

    fn included(&self, plan: &str, metric: Metric) -> Option<i64> {
        let plan = self.by_name.get(plan)?;
        match metric {
            Metric::Users => plan.users,
            Metric::Things => plan.things,
            Metric::Connections => plan.connections,
            Metric::StorageBytes => plan.storage_bytes,
            Metric::ApiCalls => plan.api_calls_per_month,
        }
    }
}

#[cfg(test)]
#[path = "plans_tests.rs"]
mod tests;
