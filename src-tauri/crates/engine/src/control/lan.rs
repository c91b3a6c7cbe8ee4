//! What comes from local networks.

use super::Control;
use crate::lan::News;

impl Control {
    pub(super) fn on_lan(&mut self, news: News) {
        self.lan.on_news(news, &mut self.relays);
        self.look_around(self.machine.clock.now());
    }

    /// A tenth of a second has passed.
    pub(super) fn pass_lan(&mut self) {
        self.pass_search();
        let peer = self.peer().filter(|_| self.is_call_wanted());
        let routes = &self.routes;
        self.lan.pass(&mut self.relays, |alias| {
            let mut ways = peer.iter().flat_map(|it| routes.local_ways(it));
            ways.any(|it| it.at == *alias)
        });
    }
}
