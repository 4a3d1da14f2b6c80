//! From what a website has to the built-in types it needs.

use crate::model::{MappedContent, OntologyMapping};

/// Whatever a website has.
const BASE: &[&str] = &["creator", "organization", "website"];
/// What a kind of content brings: thing types, and connections that join them.
#[rustfmt::skip]
const CONTENT: &[(&str, &[&str], &[&str])] = &[
    ("blog", &["blog_post"], &["authored", "published_to"]),
    ("video", &["video", "media_asset"], &["authored", "published_to"]),
    ("podcast", &["podcast", "recording"], &["authored", "published_to"]),
    ("courses", &["course", "lesson"], &["part_of", "enrolled_in"]),
    ("products", &["digital_product", "product"], &["transacted"]),
    ("services", &["consultation"], &["transacted"]),
    ("events", &["livestream"], &["participated_in"]),
    ("newsletter", &["email_campaign"], &["authored"]),
    ("community", &["community", "conversation", "message"], &["member_of"]),
    ("subscriptions", &["subscription", "membership"], &["transacted"]),
];

/// The types that these kinds of content need.
pub(crate) fn map(content: &[&'static str]) -> OntologyMapping {
    let mut mapping = OntologyMapping {
        thing_types: BASE.to_vec(),
        connection_types: vec!["owns"],
        because: Vec::new(),
    };
    for (name, things, connections) in CONTENT.iter().filter(|(name, ..)| content.contains(name)) {
        add(&mut mapping.thing_types, things);
        add(&mut mapping.connection_types, connections);
        mapping.because.push(MappedContent { content: name, thing_types: things });
    }
    mapping
}

fn add(to: &mut Vec<&'static str>, names: &[&'static str]) {
    for name in names {
        if !to.contains(name) {
            to.push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::ontology::built_in;

    use super::*;

    #[test]
    fn every_type_is_one_of_the_ontology_and_every_content_is_mapped() {
        let all: Vec<_> = crate::signs::CONTENT.iter().map(|one| one.name).collect();
        let mapping = map(&all);
        assert_eq!(mapping.because.len(), all.len());
        for name in mapping.thing_types {
            assert!(built_in().thing_types.iter().any(|one| one.name == name), "{name}");
        }
        for name in mapping.connection_types {
            assert!(built_in().connection_types.iter().any(|one| one.name == name), "{name}");
        }
    }

    #[test]
    fn a_site_about_nothing_needs_the_base() {
        assert_eq!(map(&[]).thing_types, BASE);
        assert_eq!(map(&["blog"]).thing_types, ["creator", "organization", "website", "blog_post"]);
    }
}
