//! One workspace with each of several patches of a set in turn: what they share is read once.
//!
//! In: an [`Input`] one of whose patches has a name that stands for several. Out: their names and values, and for each the
//! same [`Loaded`] as [`crate::read`] gives when it is named alone.

use std::sync::Arc;

use serde_json::Value;
use zstat_core::diag::{Code, Diagnostic, Fault};
use zstat_core::source::Document;

use crate::kind::{Kind, detect};
use crate::patch::{
    Application, Patch, PatchInput, PatchValue, SetFile, diagnostics, is_meant, means_several, read_patch,
};
use crate::read::{Input, Loaded, patched, unpatched};

/// A patch of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Name, unique in the set.
    pub name: String,
    /// A value for each label of the set.
    pub values: Vec<PatchValue>,
    /// Its number in the set.
    index: usize,
}

/// A workspace and several patches of a set, of which one at a time is applied.
#[derive(Debug)]
pub struct Family<'a> {
    input: Input<'a>,
    /// Which of the patches of the input varies.
    place: usize,
    set: SetFile<'a>,
    members: Vec<Member>,
    /// The document with the patches before the one that varies.
    tree: Value,
    before: Application,
    /// The patches behind it.
    after: Vec<Arc<Patch>>,
}

impl<'a> Family<'a> {
    /// The family that `input` stands for; none where every patch has a name of its own. A name stands for several where it
    /// is `ALL` or a glob, and no patch of the set is called so or has such values.
    ///
    /// # Errors
    /// All faults of the document and of the patches that all members share; where nothing matches the glob, or two sets
    /// vary.
    pub fn open(input: Input<'a>) -> Result<Option<Self>, Vec<Diagnostic>> {
        let mut varying = Vec::new();
        for (place, PatchInput { document, name }) in input.patches.iter().enumerate() {
            let Some(name) = name.filter(|name| means_several(name)) else { continue };
            if detect(document.text()) == Kind::PatchSet {
                let set = SetFile::open(document).map_err(|faults| diagnostics(document, &faults))?;
                if set.find(Some(name)).is_err() {
                    varying.push((place, set, name));
                }
            }
        }
        if let [_, (place, _, name), ..] = varying[..] {
            let message = format!("`{name}` is a second family of patches: one at a time can vary");
            return Err(unknown(input.patches[place].document, message, "choose a patch by its name"));
        }
        let Some((place, set, name)) = varying.pop() else { return Ok(None) };
        let members = set.heads().enumerate().filter(|(_, head)| is_meant(name, &head.name));
        let members: Vec<Member> = members
            .map(|(index, head)| Member { name: head.name.clone(), values: head.values.clone(), index })
            .collect();
        let document = input.patches[place].document;
        if members.is_empty() {
            let names = set.heads().map(|head| format!("`{}`", head.name)).collect::<Vec<_>>().join(", ");
            let message = format!("no patch of the set matches `{name}`");
            return Err(unknown(document, message, &format!("its patches are {names}")));
        }
        Self::shared(input, place, set, members).map(Some)
    }

    /// Does for all members what they share.
    fn shared(
        input: Input<'a>,
        place: usize,
        set: SetFile<'a>,
        members: Vec<Member>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let (mut tree, kind) = unpatched(&input)?;
        let mut others = Vec::new();
        for (at, PatchInput { document, name }) in input.patches.iter().enumerate() {
            others.push(match at == place {
                true => None,
                false => {
                    let patch = read_patch(document, *name);
                    Some(Arc::new(patch.map_err(|faults| diagnostics(document, &faults))?))
                }
            });
        }
        let mut before = Application::default();
        for (input_patch, patch) in input.patches.iter().zip(&others) {
            let digests = patch.as_ref().map_or(set.digests(), |patch| patch.digests());
            before.check_digests(&tree, kind, input_patch.document, digests, input.ignore_digests)?;
        }
        let after = others.split_off(place + 1).into_iter().flatten().collect();
        for (PatchInput { document, .. }, patch) in input.patches.iter().zip(others.into_iter().flatten()) {
            before.apply(&mut tree, document, patch)?;
        }
        Ok(Self { input, place, set, members, tree, before, after })
    }

    /// The patches, in the order of the file.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What the values of the patches are.
    pub fn labels(&self) -> &[String] {
        self.set.labels()
    }

    /// Which of the patches of the input varies.
    pub fn place(&self) -> usize {
        self.place
    }

    /// The analysis with patch number `member` of [`Family::members`], as [`crate::read`] reads it alone.
    ///
    /// # Errors
    /// Every fault, at its place in the files.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn read(&self, member: usize) -> Result<Loaded, Vec<Diagnostic>> {
        let document = self.input.patches[self.place].document;
        let patch = self.set.patch(self.members[member].index);
        let patch = patch.map_err(|faults| diagnostics(document, &faults))?;
        let (mut tree, mut application) = (self.tree.clone(), self.before.clone());
        application.apply(&mut tree, document, Arc::new(patch))?;
        for (PatchInput { document, .. }, patch) in
            self.input.patches[self.place + 1..].iter().zip(&self.after)
        {
            application.apply(&mut tree, document, Arc::clone(patch))?;
        }
        patched(&self.input, tree, application.history, application.notes)
    }
}

fn unknown(document: &Document, message: String, help: &str) -> Vec<Diagnostic> {
    diagnostics(document, &[Fault::new(Code::UnknownPatch, "", message).span(0..0).help(help)])
}
