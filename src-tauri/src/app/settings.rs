//! What the user sets: taken over at once where that is possible, and kept.

use engine::command::DeviceRole;
use headless::compose;
use media::backend::device::DeviceId;
use serde_json::{Map, Value};
use store::Settings;

use super::App;
use crate::error::{ErrorCode, UiError};
use crate::me::me;

impl App {
    /// Takes over the settings in `change` and keeps them. The relay, the name, devices and what is
    /// done to the voice apply at once; how long it rings, how much is sent, what carries it and
    /// over which servers with the next call.
    pub(crate) async fn configure(&self, change: Map<String, Value>) -> Result<(), UiError> {
        let _changing = self.changing.lock().await;
        let before = self.shell.borrow().settings.clone();
        let settings = changed(&before, change)?;
        if settings.ice_servers != before.ice_servers {
            let transport = compose::transport(&self.options.common, &settings);
            self.transport.replace(transport);
        }
        let config = self.config(&settings);
        if let Some(engine) = &*self.engine.read().await {
            engine.configure(config).await;
        }
        self.remember(settings).await
    }

    /// Keeps the device that the user chose for a role; the engine has taken it over already.
    pub(super) async fn keep_device(
        &self,
        role: DeviceRole,
        id: Option<DeviceId>,
    ) -> Result<(), UiError> {
        let _changing = self.changing.lock().await;
        let mut settings = self.shell.borrow().settings.clone();
        let id = id.map(|it| it.0);
        match role {
            DeviceRole::Camera => settings.camera = id,
            DeviceRole::Microphone => settings.microphone = id,
            DeviceRole::Speaker => settings.speaker = id,
        }
        self.remember(settings).await
    }

    async fn remember(&self, settings: Settings) -> Result<(), UiError> {
        let places = self.views.borrow().lan.places.clone();
        let me = me(&self.config(&settings), &places);
        self.shell.send_modify(|shell| {
            shell.me = me;
            shell.settings = settings.clone();
        });
        self.keep(ErrorCode::SettingsNotSaved, move |store| {
            store.set_settings(settings)
        })
        .await
    }
}

/// The settings with these fields replaced, all within their limits.
fn changed(settings: &Settings, change: Map<String, Value>) -> Result<Settings, UiError> {
    let merged = serde_json::to_value(settings).and_then(|mut fields| {
        for (name, value) in change {
            fields[name] = value;
        }
        serde_json::from_value(fields)
    });
    let settings: Settings = merged.map_err(|error| UiError::internal(&error))?;
    Ok(settings.validated())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    #[test]
    fn a_change_leaves_all_other_settings_alone() {
        let before = Settings {
            name: "Ada".to_owned(),
            relay: "wss://relay.example/v2".to_owned(),
            ..Settings::default()
        };
        let after = changed(&before, change(json!({ "maxSendKbps": 5 }))).unwrap();
        assert_eq!((after.name, after.relay), (before.name, before.relay));
        assert_eq!(after.max_send_kbps, 100);
    }

    #[test]
    fn a_change_that_makes_no_sense_is_refused() {
        let refused = changed(
            &Settings::default(),
            change(json!({ "ringSeconds": "long" })),
        );
        assert_eq!(refused.unwrap_err().code, ErrorCode::Internal);
    }
}
