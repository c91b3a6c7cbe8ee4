//! Reasons as plain values.

use crate::reason::EndReason;

#[test]
fn the_list_of_reasons_has_each_of_them_once() {
    let listed: Vec<String> = EndReason::ALL
        .iter()
        .map(|reason| serde_json::to_string(reason).unwrap())
        .map(|json| json.trim_matches('"').to_owned())
        .collect();
    // The parser's complaint names every variant there is.
    let complaint = serde_json::from_str::<EndReason>(r#""?""#).unwrap_err();
    let complaint = complaint.to_string();
    let named: Vec<&str> = complaint.split('`').skip(3).step_by(2).collect();
    assert_eq!(listed, named, "{complaint}");
}
