//! Devices: /sys/devices and the kernel's events.

use super::tree::{Node, Tree};
use crate::kernel::{Errno, Result};
use std::collections::VecDeque;

/// A device that is to come.
struct Coming {
    /// The module that it waits for; empty once that was loaded.
    module: String,
    /// When it comes, or how long after the module.
    at: u64,
    path: String,
    alias: String,
}

/// The devices of the machine.
pub struct Devices {
    tree: Tree,
    coming: Vec<Coming>,
    /// Events that nobody has read; none until somebody listens.
    events: Option<VecDeque<Vec<u8>>>,
    lost: bool,
    pub without_net: bool,
    pub queue: usize,
    /// The time between events of no interest.
    pub chatter: Option<u64>,
    /// When the next of them comes.
    chat: u64,
}

impl Default for Devices {
    fn default() -> Self {
        let mut tree = Tree::new();
        tree.put("/devices", Node::Dir, 0o755);
        let (coming, events, chatter) = (Vec::new(), None, None);
        Self { tree, coming, events, lost: false, without_net: false, queue: 200, chatter, chat: 0 }
    }
}

impl Devices {
    /// A device is there from now on, and an event says so.
    pub fn add(&mut self, path: &str, alias: &str) {
        let content = format!("{alias}\n").as_bytes().into();
        self.tree.put(&format!("/devices/{path}/modalias"), Node::File(content), 0o444);
        let items = ["ACTION=add", "SUBSYSTEM=x", &format!("MODALIAS={alias}"), "SEQNUM=1"];
        self.tell(&format!("add@/devices/{path}\0{}\0", items.join("\0")));
    }

    pub fn plug_later(&mut self, module: &str, after: u64, path: &str, alias: &str) {
        let [module, path, alias] = [module, path, alias].map(String::from);
        self.coming.push(Coming { module, at: after * 1000, path, alias });
    }

    pub fn link(&mut self, path: &str, target: &str) {
        self.tree.put(&format!("/devices/{path}"), Node::Link(target.into()), 0o777);
    }

    fn tell(&mut self, event: &str) {
        match &mut self.events {
            Some(events) if events.len() < self.queue => events.push_back(event.into()),
            Some(_) => self.lost = true,
            None => {}
        }
    }

    /// Events are kept from now on.
    pub fn listen(&mut self) {
        self.events.get_or_insert_default();
    }

    /// The next event; `ENOBUFS` once where one got lost.
    pub fn hear(&mut self) -> Result<Vec<u8>> {
        if std::mem::take(&mut self.lost) {
            return Err(Errno::ENOBUFS);
        }
        self.events.as_mut().and_then(VecDeque::pop_front).ok_or(Errno::EAGAIN)
    }

    /// A module was loaded.
    pub fn loaded(&mut self, module: &str, now: u64) {
        for device in self.coming.iter_mut().filter(|device| device.module == module) {
            device.module.clear();
            device.at += now;
        }
        self.pass(now);
    }

    /// When there is something to be heard.
    pub fn next(&self, now: u64) -> Option<u64> {
        if self.lost || self.events.as_ref().is_some_and(|events| !events.is_empty()) {
            return Some(now);
        }
        let coming = self.coming.iter().filter(|device| device.module.is_empty());
        coming.map(|device| device.at).chain(self.chatter.map(|_| self.chat.max(now + 1))).min()
    }

    /// It is that time now: what was to come by then has come.
    pub fn pass(&mut self, now: u64) {
        let is_due = |device: &Coming| device.module.is_empty() && device.at <= now;
        while let Some(at) = self.coming.iter().position(is_due) {
            let device = self.coming.remove(at);
            self.add(&device.path, &device.alias);
        }
        if let Some(between) = self.chatter.filter(|_| self.chat <= now) {
            self.chat = now + between;
            self.tell("change@/devices/x\0ACTION=change\0");
        }
    }

    /// What is at a path below /sys; links aren't followed.
    pub fn get(&self, path: &str) -> Option<Node> {
        self.tree.get(&format!("/{path}")).ok().map(|inode| inode.node.clone())
    }

    /// What a folder holds.
    pub fn children(&self, path: &str) -> Vec<(String, u8)> {
        self.tree.children(&format!("/{path}"))
    }
}
