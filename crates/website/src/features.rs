//! The catalogue of features, and which of them a website should get.

use crate::model::{Priority, Recommendation};

struct Feature {
    name: &'static str,
    description: &'static str,
    minutes: u32,
    dependencies: &'static [&'static str],
    /// Content that asks for it; without any, it stands on its own.
    content: &'static [&'static str],
    /// How much it matters when nothing asks for it; none: then it is left out.
    anyway: Option<Priority>,
}

/// In an order in which they can be built: what others need comes first.
#[rustfmt::skip]
static CATALOGUE: [Feature; 12] = [
    Feature { name: "landing-page", description: "A first page with the brand's look and voice", minutes: 15,
        dependencies: &[], content: &[], anyway: Some(Priority::Critical) },
    Feature { name: "authentication", description: "Accounts, and ways to sign in", minutes: 30,
        dependencies: &[], content: &[], anyway: Some(Priority::Critical) },
    Feature { name: "multi-tenant", description: "Groups with members and roles of their own", minutes: 45,
        dependencies: &["authentication"], content: &["community"], anyway: Some(Priority::Low) },
    Feature { name: "blog-cms", description: "Posts that are written, reviewed and published", minutes: 60,
        dependencies: &["landing-page"], content: &["blog", "newsletter"], anyway: None },
    Feature { name: "video-library", description: "Videos and recordings, found by topic", minutes: 60,
        dependencies: &["landing-page"], content: &["video", "podcast"], anyway: None },
    Feature { name: "course-platform", description: "Courses with lessons and progress", minutes: 120,
        dependencies: &["authentication"], content: &["courses"], anyway: None },
    Feature { name: "membership-tiers", description: "Memberships that open more for who pays more", minutes: 90,
        dependencies: &["authentication"], content: &["subscriptions"], anyway: None },
    Feature { name: "product-store", description: "Products, orders and payments", minutes: 120,
        dependencies: &["authentication"], content: &["products", "services"], anyway: None },
    Feature { name: "discord-integration", description: "Roles and news shared with a Discord server", minutes: 45,
        dependencies: &["authentication"], content: &["community"], anyway: None },
    Feature { name: "real-time-sync", description: "Changes that everybody sees at once", minutes: 30,
        dependencies: &["authentication"], content: &["community", "events"], anyway: Some(Priority::Medium) },
    Feature { name: "rag-knowledge", description: "Answers from the website's own texts", minutes: 60,
        dependencies: &["authentication"], content: &["blog", "courses", "video", "podcast"], anyway: Some(Priority::Low) },
    Feature { name: "ai-agents", description: "Agents that answer for the brand", minutes: 90,
        dependencies: &["authentication", "rag-knowledge"], content: &["services", "courses"], anyway: Some(Priority::Low) },
];

/// Whether there is such a feature.
pub(crate) fn is_known(name: &str) -> bool {
    CATALOGUE.iter().any(|one| one.name == name)
}

/// What a website with this content should get: the most important first, and nothing before what
/// it depends on.
pub(crate) fn recommend(content: &[&'static str]) -> Vec<Recommendation> {
    let mut chosen: Vec<Recommendation> = Vec::new();
    for one in &CATALOGUE {
        let asked = one.content.iter().any(|name| content.contains(name));
        let Some(priority) = (if asked { Some(Priority::High) } else { one.anyway }) else {
            continue;
        };
        chosen.push(Recommendation {
            feature: one.name,
            description: one.description,
            priority,
            estimated_minutes: one.minutes,
            dependencies: one.dependencies,
        });
    }
    // What something important depends on is as important; backwards, so that it goes all the way.
    for at in (0..chosen.len()).rev() {
        let (priority, needs) = (chosen[at].priority, chosen[at].dependencies);
        for one in chosen.iter_mut().filter(|one| needs.contains(&one.feature)) {
            one.priority = one.priority.min(priority);
        }
    }
    // Stable, so that the order of the catalogue holds among equals.
    chosen.sort_by_key(|one| one.priority);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_holds_the_twelve_and_each_after_what_it_needs() {
        let names: Vec<_> = CATALOGUE.iter().map(|one| one.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(
            sorted,
            [
                "ai-agents",
                "authentication",
                "blog-cms",
                "course-platform",
                "discord-integration",
                "landing-page",
                "membership-tiers",
                "multi-tenant",
                "product-store",
                "rag-knowledge",
                "real-time-sync",
                "video-library"
            ]
        );
        for (at, one) in CATALOGUE.iter().enumerate() {
            assert!(one.dependencies.iter().all(|name| names[..at].contains(name)), "{}", one.name);
        }
    }

    #[test]
    fn nothing_is_recommended_before_what_it_depends_on() {
        let all: Vec<_> = crate::signs::CONTENT.iter().map(|one| one.name).collect();
        let some = (0..all.len()).map(|at| &all[at..=at]).chain([&all[..], &[]]);
        for content in some {
            let chosen = recommend(content);
            for (at, one) in chosen.iter().enumerate() {
                let before = |name: &&str| chosen[..at].iter().any(|other| other.feature == *name);
                assert!(one.dependencies.iter().all(before), "{content:?} {}", one.feature);
            }
        }
        assert_eq!(recommend(&all).len(), 12);
    }
}
