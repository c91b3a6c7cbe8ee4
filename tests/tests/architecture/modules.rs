//! No circle of modules in any package.
//!
//! The children of one module, each with all that is below it, must not need each other in a
//! circle: then each can be read, tested and moved with what it stands on, and nothing else.
//! What a child takes from its parent is no circle; a parent is where its children meet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, UseTree};

use crate::packages::{metadata, ours};

#[test]
fn no_modules_need_each_other_in_a_circle() -> Result<()> {
    let metadata = metadata()?;
    let mut circles = Vec::new();
    for (name, package) in ours(&metadata) {
        for target in &package.targets {
            if target.is_lib() || target.is_bin() {
                let tree = Tree::read(target.src_path.as_std_path())?;
                let found = tree.circles();
                circles.extend(found.into_iter().map(|it| format!("{name}: {it}")));
            }
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
    Ok(())
}

#[test]
fn a_circle_is_found_through_any_form_of_naming() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().context("a file lies in a directory")?)?;
        std::fs::write(path, text).context("the file is written")
    };
    let circles = || Ok::<_, anyhow::Error>(Tree::read(&dir.path().join("lib.rs"))?.circles());
    write("lib.rs", "mod a; mod b; mod c; fn f() { a::x(); }")?;
    write("a.rs", "pub fn x() {} fn y() { super::b::deep::z(); }")?;
    write("b.rs", "pub mod deep;")?;
    write("b/deep.rs", "use crate::{c::{self, w}}; pub fn z() {}")?;
    write(
        "c.rs",
        "use super::super_less; #[cfg(test)] mod tests { use crate::a::x; }",
    )?;
    assert!(circles()?.is_empty(), "{:?}", circles()?);
    write("c.rs", "pub fn w() { let _ = crate::a::x; }")?;
    assert_eq!(circles()?, ["a → b → c → a"]);
    Ok(())
}

/// A module's name from the root of its package: `["phone", "session"]`; the root's is empty.
type Name = Vec<String>;

/// The modules of one library or program, and which of them each one names.
#[derive(Default)]
struct Tree {
    modules: BTreeSet<Name>,
    /// Paths as they stand in a module, made absolute; what they lead to is not known yet.
    named: Vec<(Name, Name)>,
}

impl Tree {
    fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        let dir = root.parent().context("a root lies in a directory")?;
        tree.file(&Vec::new(), root, dir)?;
        Ok(tree)
    }

    /// Takes a file in; `children` is where the files of its modules lie.
    fn file(&mut self, name: &Name, path: &Path, children: &Path) -> Result<()> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let parsed = syn::parse_file(&text).with_context(|| path.display().to_string())?;
        self.items(name, &parsed.items, children)
    }

    fn items(&mut self, name: &Name, items: &[Item], children: &Path) -> Result<()> {
        self.modules.insert(name.clone());
        let mut named = Named::new(name);
        for item in items {
            let Item::Mod(module) = item else {
                named.visit_item(item);
                continue;
            };
            if is_for_tests(&module.attrs) {
                continue;
            }
            let short = module.ident.to_string();
            let below = children.join(&short);
            let child: Name = name.iter().cloned().chain([short]).collect();
            match &module.content {
                Some((_, items)) => self.items(&child, items, &below)?,
                None => self.file(&child, &file_of(module, children)?, &below)?,
            }
        }
        let found = named.found;
        self.named
            .extend(found.into_iter().map(|to| (name.clone(), to)));
        Ok(())
    }

    /// The circles among the children of one module.
    fn circles(&self) -> Vec<String> {
        let mut needs: BTreeMap<Name, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
        for (from, to) in &self.named {
            let to = self.module_of(to);
            let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            // One above the other is no arrow between siblings.
            if let (Some(ours), Some(theirs)) = (from.get(shared), to.get(shared)) {
                let siblings = needs.entry(from[..shared].to_vec()).or_default();
                siblings.entry(ours).or_default().insert(self.known(theirs));
            }
        }
        let mut all = Vec::new();
        for (parent, arrows) in &needs {
            let place = if parent.is_empty() {
                String::new()
            } else {
                format!("in {}: ", parent.join("::"))
            };
            let found = circles(arrows).into_iter();
            all.extend(found.map(|it| format!("{place}{}", it.join(" → "))));
        }
        all
    }

    /// The module that a path leads into: the longest beginning that is one.
    fn module_of(&self, path: &[String]) -> Name {
        let mut end = path.len();
        while !self.modules.contains(&path[..end]) {
            end -= 1;
        }
        path[..end].to_vec()
    }

    fn known(&self, name: &str) -> &str {
        let all = self.modules.iter().flatten();
        all.map(String::as_str)
            .find(|it| *it == name)
            .unwrap_or_default()
    }
}

/// Which paths a module names, made absolute.
struct Named<'a> {
    module: &'a Name,
    found: Vec<Name>,
}

impl<'a> Named<'a> {
    fn new(module: &'a Name) -> Self {
        Self {
            module,
            found: Vec::new(),
        }
    }

    /// Takes in a path that begins as written here; one of another package leads nowhere.
    fn add(&mut self, path: &[String]) {
        let mut absolute = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => self.module.clone(),
            // A child, or something that was imported: the import was seen.
            Some(_) => {
                let below = self.module.iter().chain(path).cloned().collect();
                return self.found.push(below);
            }
            None => return,
        };
        for part in path {
            match part.as_str() {
                "crate" | "self" => {}
                "super" => {
                    absolute.pop();
                }
                name => absolute.push(name.to_owned()),
            }
        }
        self.found.push(absolute);
    }

    fn add_use(&mut self, before: &[String], tree: &UseTree) {
        let with = |ident: &syn::Ident| {
            let mut path = before.to_vec();
            path.push(ident.to_string());
            path
        };
        match tree {
            UseTree::Path(path) => self.add_use(&with(&path.ident), &path.tree),
            UseTree::Name(name) => self.add(&with(&name.ident)),
            UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            UseTree::Glob(_) => self.add(before),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(before, tree);
                }
            }
        }
    }
}

impl<'ast> Visit<'ast> for Named<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_use(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<_> = path
            .segments
            .iter()
            .map(|it| it.ident.to_string())
            .collect();
        self.add(&parts);
        visit::visit_path(self, path);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|it| {
        it.path().is_ident("cfg")
            && it
                .parse_args::<syn::Ident>()
                .is_ok_and(|condition| condition == "test")
    })
}

fn file_of(module: &ItemMod, dir: &Path) -> Result<PathBuf> {
    let name = module.ident.to_string();
    let places = [
        dir.join(format!("{name}.rs")),
        dir.join(&name).join("mod.rs"),
    ];
    let found = places.into_iter().find(|it| it.is_file());
    found.with_context(|| format!("no file for module {name} in {}", dir.display()))
}

/// The circles, the shortest one through each name, each written from its first name around to that
/// name again.
fn circles<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let mut known = BTreeSet::new();
    let through = |start| shortest_circle(arrows, start);
    let all = arrows.keys().copied().filter_map(through);
    all.filter(|circle| known.insert(circle.iter().copied().collect::<BTreeSet<_>>()))
        .collect()
}

/// Breadth first, so that the first way that leads back is the shortest.
fn shortest_circle<'a>(
    arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    start: &'a str,
) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let ends = way.last().and_then(|last| arrows.get(last));
        for next in ends.into_iter().flatten() {
            let further: Vec<_> = way.iter().copied().chain([*next]).collect();
            if *next == start {
                return Some(further);
            }
            if seen.insert(*next) {
                ways.push_back(further);
            }
        }
    }
    None
}
