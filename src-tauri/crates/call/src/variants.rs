//! Lists of all variants of an enum, which the compiler keeps complete.

/// Defines `ALL`, the listed variants in the order of the list. The same list makes an exhaustive
/// match, so a variant that is missing does not compile, and neither does one that stands twice.
macro_rules! all_variants {
    ($(#[$doc:meta])* $visibility:vis $name:ident { $($variant:ident),+ $(,)? }) => {
        impl $name {
            $(#[$doc])*
            $visibility const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        #[deny(unreachable_patterns, reason = "a variant that stands twice")]
        const _: fn($name) = |variant| match variant {
            $($name::$variant => {})+
        };
    };
}
