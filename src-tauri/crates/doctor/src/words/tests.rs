//! Pairs the sentences of the command line with those of the page.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::finding::Finding;
use crate::report::Verdict;

const PAGE: &str = include_str!("../../../../../ui/messages/en.json");
const BINDINGS: &str = include_str!("../../../../../ui/src/backend/bindings/Finding.ts");

/// Told by the page in several sentences, or in those of the settings, which say what to do along.
const ELSEWHERE: [&str; 3] = ["relayOffline", "deviceFails", "clockWrong"];

/// More sentences of the page for one finding.
const VARIANTS: [&str; 4] = [
    "firewallBlocksNamed",
    "clockFast",
    "clockSlow",
    "temporaryPortBlocked",
];

/// A finding of each code that the page knows.
fn findings() -> BTreeMap<String, Finding> {
    // What stands before the first code is none.
    let codes = BINDINGS.split("\"code\": \"").skip(1);
    let codes = codes.filter_map(|it| it.split('"').next());
    codes.map(|code| (code.to_owned(), finding(code))).collect()
}

/// Reads one with whichever values it has.
fn finding(code: &str) -> Finding {
    let problem = if code == "deviceFails" {
        "busy"
    } else {
        "full"
    };
    let values = json!({
        "code": code, "interfaces": [], "interface": "wg0", "port": 48267, "addresses": 2,
        "blocked": 1, "others": 2, "heard": 2, "reached": 1, "ms": 3, "program": "ufw",
        "seconds": 90, "problem": problem, "servers": 2, "answering": 1, "name": "it",
        "kind": "real", "width": 640, "height": 480, "level": 0.5,
    });
    serde_json::from_value(values).unwrap()
}

/// The sentences of the page whose keys begin so, by what follows.
fn sentences(prefix: &str) -> BTreeMap<String, String> {
    let page: BTreeMap<String, Value> = serde_json::from_str(PAGE).unwrap();
    let ours = page.iter().filter_map(|(key, text)| {
        let code = key.strip_prefix(prefix)?;
        Some((code.to_owned(), text.to_string()))
    });
    ours.collect()
}

#[test]
fn the_page_and_the_command_line_tell_the_same_findings() {
    let (findings, causes) = (findings(), sentences("doctor_is_"));
    assert!(findings.len() > 50, "they are read: {}", findings.len());
    for (code, finding) in &findings {
        assert!(finding.cause().ends_with('.'), "{code}");
        let is_told = causes.contains_key(code) || ELSEWHERE.contains(&code.as_str());
        assert!(is_told, "{code} has no sentence on the page");
    }
    let known: BTreeSet<_> = findings
        .keys()
        .map(String::as_str)
        .chain(VARIANTS)
        .collect();
    for code in causes.keys() {
        assert!(known.contains(code.as_str()), "{code} is no finding");
    }
}

#[test]
fn the_page_and_the_command_line_say_what_to_do_about_the_same_findings() {
    let (findings, remedies) = (findings(), sentences("doctor_do_"));
    for (code, finding) in &findings {
        let is_bad = matches!(finding.verdict(), Verdict::Warn | Verdict::Fail);
        assert_eq!(finding.remedy().is_some(), is_bad, "{code}");
        if ["relayOffline", "deviceFails"].contains(&code.as_str()) {
            continue;
        }
        assert_eq!(remedies.contains_key(code), is_bad, "{code} on the page");
    }
    for code in remedies.keys() {
        assert!(findings.contains_key(code), "{code} is no finding");
    }
}

#[test]
fn a_firewall_is_told_the_same_ports_everywhere() {
    let remedies = sentences("doctor_do_");
    let udp = [discovery::BEACON_PORT.to_string(), "5353".to_owned()];
    for code in [
        "ownPortBlocked",
        "wayInBlocked",
        "firewallBlocks",
        "firewallActive",
    ] {
        let (here, page) = (finding(code).remedy().unwrap(), &remedies[code]);
        assert!(
            here.contains("TCP 48267") && page.contains("TCP {port}"),
            "{code}"
        );
        for port in &udp {
            assert!(here.contains(port) && page.contains(port), "{code}: {port}");
        }
    }
    for code in ["announcementsSilent", "announcementsNotSent"] {
        let (here, page) = (finding(code).remedy().unwrap(), &remedies[code]);
        for port in &udp {
            assert!(here.contains(port) && page.contains(port), "{code}: {port}");
        }
    }
}
