//! By what one knows what a site offers and is made with: words people read, and addresses.

/// Something a site may have, and what gives it away: in its text, or in the addresses it names.
pub(crate) struct Sign {
    pub(crate) name: &'static str,
    text: &'static [&'static str],
    addresses: &'static [&'static str],
}

const fn sign(
    name: &'static str,
    text: &'static [&'static str],
    addresses: &'static [&'static str],
) -> Sign {
    Sign { name, text, addresses }
}

/// What is published or sold; [`crate::mapping`] knows every one.
pub(crate) static CONTENT: &[Sign] = &[
    sign(
        "blog",
        &["blog", "read more", "latest posts"],
        &["/blog", "/feed", "application/rss+xml"],
    ),
    sign(
        "video",
        &["watch the video", "videos"],
        &["youtube.com/", "vimeo.com/", "wistia", "<video", "/videos"],
    ),
    sign("podcast", &["podcast", "episode"], &["/podcast", "open.spotify.com/show", "<audio"]),
    sign(
        "courses",
        &["course", "lesson", "curriculum", "enroll"],
        &["/course", "teachable.com", "thinkific.com"],
    ),
    sign(
        "products",
        &["add to cart", "add to basket", "shop now"],
        &["/products", "/cart", "/shop", "/collections"],
    ),
    sign(
        "services",
        &["our services", "consulting", "consultation", "book a call", "get a quote"],
        &["/services", "calendly.com"],
    ),
    sign(
        "events",
        &["webinar", "workshop", "upcoming events", "conference"],
        &["/events", "eventbrite."],
    ),
    sign(
        "newsletter",
        &["newsletter", "subscribe to our"],
        &["list-manage.com", "substack.com", "convertkit"],
    ),
    sign(
        "community",
        &["join our community", "join the community"],
        &["discord.gg", "discord.com/invite", "/community", "/forum"],
    ),
    sign(
        "subscriptions",
        &["membership", "per month", "/month", "become a member"],
        &["/membership", "patreon.com", "/pricing"],
    ),
];

/// How money comes in.
pub(crate) static MONETIZATION: &[Sign] = &[
    sign(
        "product-sales",
        &["add to cart", "add to basket", "checkout"],
        &["/cart", "/checkout", "/products"],
    ),
    sign(
        "subscriptions",
        &["per month", "/month", "membership", "become a member"],
        &["/pricing", "/membership", "patreon.com"],
    ),
    sign("courses", &["enroll", "buy the course"], &["/course", "teachable.com", "thinkific.com"]),
    sign("services", &["book a call", "get a quote", "consultation"], &["calendly.com"]),
    sign(
        "advertising",
        &["sponsored", "advertise with us"],
        &["googlesyndication.com", "doubleclick.net"],
    ),
    sign("affiliate", &["affiliate"], &["amzn.to", "tag="]),
    sign(
        "donations",
        &["donate", "buy me a coffee"],
        &["buymeacoffee.com", "ko-fi.com", "/donate"],
    ),
];

/// Where people meet.
pub(crate) static COMMUNITY: &[Sign] = &[
    sign(
        "comments",
        &["leave a comment", "leave a reply"],
        &["disqus.com", "#comments", "wp-comments-post"],
    ),
    sign("forum", &["forum"], &["/forum", "discourse"]),
    sign("discord", &["discord"], &["discord.gg", "discord.com/invite"]),
    sign("newsletter", &["newsletter"], &["list-manage.com", "substack.com", "convertkit"]),
    sign(
        "social-media",
        &[],
        &[
            "instagram.com/",
            "facebook.com/",
            "twitter.com/",
            "x.com/",
            "linkedin.com/",
            "tiktok.com/",
        ],
    ),
    sign("member-area", &["log in", "sign in", "my account"], &["/login", "/account", "/signin"]),
    sign("reviews", &["reviews", "testimonials", "what our customers say"], &["trustpilot.com"]),
];

/// What a site is made with; the generator it names counts as an address.
pub(crate) static TECHNOLOGY: &[Sign] = &[
    sign("WordPress", &[], &["wp-content/", "wp-includes/", "wordpress"]),
    sign("WooCommerce", &[], &["woocommerce"]),
    sign("Shopify", &[], &["cdn.shopify.com", "myshopify.com", "/cdn/shop/"]),
    sign("Squarespace", &[], &["squarespace"]),
    sign("Wix", &[], &["wixstatic.com", "parastorage.com", "wix.com"]),
    sign("Webflow", &[], &["webflow"]),
    sign("Ghost", &[], &["ghost.io", "/ghost/", "ghost "]),
    sign("Next.js", &[], &["/_next/", "__next_data__"]),
    sign("Nuxt", &[], &["/_nuxt/", "__nuxt"]),
    sign("Gatsby", &[], &["gatsby", "page-data/"]),
    sign("Astro", &[], &["/_astro/", "astro v"]),
    sign("React", &[], &["/_next/", "react", "gatsby"]),
    sign("Vue", &[], &["/_nuxt/", "vue.", "vue@"]),
    sign("Angular", &[], &["angular"]),
    sign("jQuery", &[], &["jquery"]),
    sign("Bootstrap", &[], &["bootstrap"]),
    sign("Tailwind CSS", &[], &["tailwind"]),
    sign("Stripe", &[], &["js.stripe.com"]),
    sign("Google Analytics", &[], &["googletagmanager.com", "google-analytics.com"]),
    sign("Google Fonts", &[], &["fonts.googleapis.com", "fonts.gstatic.com"]),
    sign("Cloudflare", &[], &["cdnjs.cloudflare.com", "cloudflareinsights.com"]),
    sign("Mailchimp", &[], &["list-manage.com", "mailchimp"]),
];

/// How a site speaks; the first with most words wins.
pub(crate) static TONES: &[Sign] = &[
    sign(
        "professional",
        &["solutions", "expertise", "clients", "enterprise", "industry", "trusted", "professional"],
        &[],
    ),
    sign(
        "friendly",
        &["welcome", "hello", "hi,", "family", "love", "friends", "happy", "thank you"],
        &[],
    ),
    sign("playful", &["fun", "awesome", "yay", "crazy", "magic", "play"], &[]),
    sign(
        "inspiring",
        &["dream", "transform", "journey", "inspire", "discover", "passion", "grow"],
        &[],
    ),
    sign(
        "educational",
        &["learn", "course", "lesson", "guide", "tutorial", "students", "teach"],
        &[],
    ),
    sign("luxurious", &["luxury", "exclusive", "finest", "elegant", "bespoke", "crafted"], &[]),
];

impl Sign {
    /// Whether something gives it away.
    pub(crate) fn shows(&self, text: &str, addresses: &str) -> bool {
        self.text.iter().any(|word| text.contains(word))
            || self.addresses.iter().any(|part| addresses.contains(part))
    }

    /// How often its words are read.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.text.iter().map(|word| text.matches(word).count()).sum()
    }
}

/// The names of those that show.
pub(crate) fn found(signs: &[Sign], text: &str, addresses: &str) -> Vec<&'static str> {
    signs.iter().filter(|one| one.shows(text, addresses)).map(|one| one.name).collect()
}
