//! A plan, as `EXPLAIN (FORMAT JSON)` tells it, and what may be wrong with it.

use super::indexes::Indexes;
use serde::Deserialize;

/// A plan: its topmost node.
pub(crate) struct Plan(Node);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Explained {
    plan: Node,
}

#[derive(Deserialize)]
struct Node {
    #[serde(rename = "Node Type")]
    kind: String,
    #[serde(rename = "Relation Name")]
    table: Option<String>,
    #[serde(rename = "Index Name")]
    index: Option<String>,
    #[serde(rename = "Index Cond", default)]
    found_by: String,
    #[serde(rename = "Filter", default)]
    filter: String,
    #[serde(rename = "Join Filter", default)]
    join_filter: String,
    #[serde(rename = "Parent Relationship", default)]
    part: String,
    #[serde(rename = "Plans", default)]
    below: Vec<Node>,
}

impl Plan {
    pub(crate) fn read(json: &str) -> Self {
        let [Explained { plan }] = serde_json::from_str(json).unwrap();
        Self(plan)
    }

    /// Where rows are not found by an index.
    pub(crate) fn faults(&self, indexes: &Indexes) -> Vec<String> {
        let mut faults = Vec::new();
        self.0.look(None, false, &mut |node, above, is_searched| {
            faults.extend(node.fault(above, is_searched, indexes));
        });
        faults
    }

    /// The indexes that it uses.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = &str> {
        let mut names = Vec::new();
        self.0.look(None, false, &mut |node, _, _| {
            names.extend(node.index.as_deref());
        });
        names.into_iter()
    }
}

impl Node {
    /// Shows this node and all below it to `see`, each with the one above it, and whether a join
    /// looks among its rows for those that fit.
    fn look<'a>(
        &'a self,
        above: Option<&'a Self>,
        is_searched: bool,
        see: &mut impl FnMut(&'a Self, Option<&'a Self>, bool),
    ) {
        see(self, above, is_searched);
        for node in &self.below {
            let is_searched = match (self.kind.as_str(), node.part.as_str()) {
                // Made once, whatever it is compared with.
                (_, "InitPlan" | "SubPlan") | ("Aggregate", _) => false,
                ("Hash Join" | "Merge Join", _) | ("Nested Loop", "Inner") => true,
                // Each of its rows is found in the other ones, or compared with them.
                ("Nested Loop", _) => is_searched || !self.join_filter.is_empty(),
                _ => is_searched,
            };
            node.look(Some(self), is_searched, see);
        }
    }

    fn fault(&self, above: Option<&Self>, is_searched: bool, indexes: &Indexes) -> Option<String> {
        let kind = &self.kind;
        let Some(index) = &self.index else {
            let table = self.table.as_ref()?;
            let reads = !matches!(kind.as_str(), "ModifyTable" | "Bitmap Heap Scan");
            return reads.then(|| format!("!! {kind}: all of {table} is read"));
        };
        let filter = match above {
            Some(heap) if kind == "Bitmap Index Scan" => &heap.filter,
            _ => &self.filter,
        };
        if self.found_by.contains(" = ") {
            return None;
        }
        if names_a_key(filter) {
            return Some(format!(
                "!! {index} is not by the key that is asked for: {filter}"
            ));
        }
        // IS NOT NULL can be all that an index is asked, and leaves nothing out.
        if self.found_by.contains(['<', '>']) {
            let is_gone_through = !filter.is_empty() && indexes.is_of_all(index);
            return is_gone_through
                .then(|| format!("!! {index} is gone through from some point on for {filter}"));
        }
        // What is asked for is the first of all.
        if above.is_some_and(|above| above.kind == "Limit") && filter.is_empty() {
            return None;
        }
        if !indexes.is_of_what_waits(index) {
            return Some(format!(
                "!! all of {index} is read, and it is not of what waits alone"
            ));
        }
        is_searched.then(|| format!("!! all of {index} is read to find something in it"))
    }
}

/// Whether rows are to be equal to a parameter.
fn names_a_key(filter: &str) -> bool {
    [" = $", " = ($", " = ANY ($"]
        .iter()
        .any(|key| filter.contains(key))
}
