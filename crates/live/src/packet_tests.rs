use proptest::prelude::*;
use types::Error;

use super::*;

#[test]
fn packets_of_the_client_library_are_read() {
    let read = |text| Packet::parse(text);
    assert_eq!(read("0"), Some(Packet::Connect { namespace: "/", auth: None }));
    let auth = Some(r#"{"token":"a"}"#);
    assert_eq!(read(r#"0{"token":"a"}"#), Some(Packet::Connect { namespace: "/", auth }));
    assert_eq!(read("0/admin,"), Some(Packet::Connect { namespace: "/admin", auth: None }));
    assert_eq!(read("1"), Some(Packet::Disconnect { namespace: "/" }));
    let plain = Packet::Event {
        namespace: "/",
        ack: Some(12),
        arguments: r#"["message",{}]"#,
        attachments: 0,
    };
    assert_eq!(read(r#"212["message",{}]"#), Some(plain));
    let binary = Packet::Event {
        namespace: "/chat",
        ack: None,
        arguments: r#"["a",{"_placeholder":true,"num":0}]"#,
        attachments: 1,
    };
    assert_eq!(read(r#"51-/chat,["a",{"_placeholder":true,"num":0}]"#), Some(binary));
    assert_eq!(read("31[]"), Some(Packet::Ack));
}

#[test]
fn what_is_no_packet_is_refused() {
    for text in ["", "9", "x", "5", "5x-[]", "5255-[]", "511-[]", "299999999999999999999999[]", "ä"]
    {
        assert_eq!(Packet::parse(text), None, "{text}");
    }
    // What it is called is told back.
    let named = |length| format!("0/{},", "x".repeat(length));
    assert!(Packet::parse(&named(MAX_NAMESPACE - 1)).is_some());
    assert_eq!(Packet::parse(&named(MAX_NAMESPACE)), None);
    for text in ["", "{}", "[]", "[1]", r#"["a",1,2,3,4,5]"#, r#"["a""#] {
        assert_eq!(
            Call::parse(text).err().map(|error| error.code().to_owned()).as_deref(),
            Some("malformed")
        );
    }
    let call = Call::parse(r#"["typing",{"on":true},null]"#).expect("a call");
    assert_eq!(
        (call.name.as_str(), call.payload.map(RawValue::get)),
        ("typing", Some(r#"{"on":true}"#))
    );
}

#[test]
fn packets_to_clients_are_what_the_library_reads() {
    assert_eq!(connected("abc"), r#"0{"sid":"abc"}"#);
    assert_eq!(event("typing", &serde_json::json!({"on": true})), r#"2["typing",{"on":true}]"#);
    assert_eq!(ack(7, &serde_json::json!({"ok": true})), r#"37[{"ok":true}]"#);
    let refusal = refused("/", &Error::unauthenticated());
    assert!(refusal.starts_with(r#"4{"message":""#), "{refusal}");
    assert!(refusal.ends_with(r#""data":{"code":"unauthenticated"}}"#), "{refusal}");
    assert!(refused("/x", &Error::unauthenticated()).starts_with("4/x,{"));
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,200}") {
        if let Some(Packet::Event { arguments, .. }) = Packet::parse(&text) {
            let _ = Call::parse(arguments);
        }
    }
}
