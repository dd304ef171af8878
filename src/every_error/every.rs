//! How a list of variants gives values of each: one that is forgotten does not compile.

/// Values of every variant, those of what they hold among them.
pub(super) trait Every: Sized {
    fn every() -> Vec<Self>;
}

/// A variant that is forgotten here does not compile.
macro_rules! every {
    ($($(#[$on:meta])* $type:ident: { $($(#[$if:meta])* $pattern:pat => $values:expr),+ $(,)? })+) => {
        $($(#[$on])* impl Every for $type {
            fn every() -> Vec<Self> {
                let _ = |error: &Self| match error { $($(#[$if])* $pattern => ()),+ };
                let mut all: Vec<Self> = vec![];
                $($(#[$if])* {
                    let values: Vec<Self> = $values.into_iter().collect();
                    assert!(!values.is_empty() && values.iter().all(|value| matches!(value, $pattern)), "{values:?}");
                    all.extend(values);
                })+
                all
            }
        })+

        pub(super) fn every_error() -> Vec<Box<dyn StdError>> {
            let mut all: Vec<Box<dyn StdError>> = vec![];
            $($(#[$on])* all.extend($type::every().into_iter().map(|error| Box::new(error) as Box<dyn StdError>));)+
            all
        }
    };
}
pub(super) use every;

/// Every value that holds an inner error.
pub(super) fn of<T: Every, E>(around: impl Fn(T) -> E) -> impl Iterator<Item = E> {
    T::every().into_iter().map(around)
}
