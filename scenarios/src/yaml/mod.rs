//! YAML with places: text becomes a tree of [`Node`]s, and a node becomes any type through serde.
//!
//! The tree keeps where each node stood, so every error has a line and a column. JSON is YAML, so plans are read too.

mod access;
mod decode;
mod node;

pub(crate) use self::{
    decode::{Scope, decode, decode_verbatim},
    node::{Kind, Node},
};
