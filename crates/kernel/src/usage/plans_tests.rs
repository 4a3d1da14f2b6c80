use types::JsonMap;

use super::{PlanSettings, Settings};
use crate::usage::Metric;

fn own(name: &str, limit: i64) -> JsonMap {
    JsonMap::from_iter([(name.to_owned(), limit.into())])
}

#[test]
fn a_group_has_the_limits_of_its_plan_and_its_own_instead() {
    let starter = PlanSettings {
        name: "starter".to_owned(),
        things: Some(7),
        connections: Some(-1),
        ..PlanSettings::default()
    };
    let settings = Settings { default_plan: "starter".to_owned(), plans: vec![starter] };
    let plans = settings.plans().unwrap();
    let none = JsonMap::new();
    assert_eq!(plans.limit("starter", &none, Metric::Things), Some(7));
    assert_eq!(plans.limit("starter", &none, Metric::Connections), None);
    assert_eq!(plans.limit("starter", &none, Metric::Users), Some(5));
    assert_eq!(plans.limit("starter", &own("things", 3), Metric::Things), Some(3));
    assert_eq!(plans.limit("enterprise", &none, Metric::Things), None);
    for (plan, limits, above) in [
        ("starter", none.clone(), false),
        ("starter", own("things", 3), false),
        ("starter", own("things", 8), true),
        ("pro", none, true),
    ] {
        assert_eq!(plans.is_above_default(plan, &limits), above, "{plan} {limits:?}");
    }
}

#[test]
fn wrong_settings_are_told_by_their_key() {
    let gold = "gold".to_owned();
    let default = Settings { default_plan: gold.clone(), ..Settings::default() };
    assert_eq!(default.plans().unwrap_err().0, "default_plan");
    let plans = vec![PlanSettings { name: gold, ..PlanSettings::default() }];
    assert_eq!(Settings { plans, ..Settings::default() }.plans().unwrap_err().0, "plans");
}
