//! Schemas of types that are read as another one first.

/// The schema of a type is that of another, which it is read from.
macro_rules! schema_is_that_of {
    ($written:ty, $type:ty) => {
        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                <$written>::inline_schema()
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                <$written>::schema_name()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                <$written>::schema_id()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <$written>::json_schema(generator)
            }
        }
    };
}
pub(crate) use schema_is_that_of;
