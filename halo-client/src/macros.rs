//! What the generated code is written in.

/// An empty struct that stands for a schema.
macro_rules! schema_without_struct {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {}

        impl rest_core::record::Schema for $name {
            const NAME: &'static str = stringify!($name);
        }

        impl<'de> serde::de::Deserialize<'de> for $name {
            fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                rest_core::record::Untyped::deserialize(deserializer).map(|_| $name {})
            }
        }
    };
}

/// A resource: its schema, its paths, the keys of its envelope, whether its lists are paged, and what it can do.
macro_rules! resource {
    ($name:ident $schema:ident $path:literal $one:literal [$($key:literal),*] $paged:literal: $($can:ident)*) => {
        impl crate::resource::Resource for $name {
            type Schema = crate::schema::$schema;
            const PATH: &'static str = $path;
            const ONE: &'static str = $one;
            const KEYS: &'static [&'static str] = &[$($key),*];
            const PAGED: bool = $paged;
        }

        $(impl crate::resource::$can for $name {})*
    };
}

/// An endpoint: a struct around its arguments that knows its method, its path and how its answer is read.
macro_rules! endpoint {
    ($(#[$doc:meta])* $name:ident $method:ident $($once:ident)? $template:literal -> $answer:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use = "an endpoint does nothing until it is sent"]
        pub struct $name(Args);

        impl $name {
            /// Sets a query parameter by name, for those newer than this crate.
            pub fn param(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
                self.0.param(name, value);
                self
            }

            endpoint!(@payload $method);
        }

        impl rest_core::endpoint::Endpoint for $name {
            type Response = $answer;

            fn method(&self) -> http::Method {
                http::Method::$method
            }

            fn template(&self) -> &'static str {
                $template
            }

            fn path(&self) -> std::borrow::Cow<'_, str> {
                self.0.path($template).into()
            }

            fn query(&self, query: &mut rest_core::endpoint::Query) {
                self.0.query(query);
            }

            fn body(&self) -> Result<Option<rest_core::endpoint::Payload>, crate::Error> {
                self.0.body()
            }

            $(fn idempotency(&self) -> rest_core::endpoint::Idempotency {
                endpoint!(@$once)
            })?

            fn decode(
                &self,
                response: http::Response<bytes::Bytes>,
            ) -> Result<Self::Response, rest_core::decode::DecodeError> {
                crate::endpoint::Answer::read(response)
            }
        }
    };
    (@payload POST) => {
        /// Sends another body than the documented one.
        pub fn payload(mut self, payload: rest_core::endpoint::Payload) -> Self {
            self.0.payload(payload);
            self
        }
    };
    (@payload $other:ident) => {};
    (@once) => { rest_core::endpoint::Idempotency::Once };
}
