//! What becomes of the table of effects: [`Effect`](crate::Effect) and its kinds, how a fault is read and written, and of each
//! moment at which rules are asked the effects that come then, as an enum of its own.

use crate::{
    Effect, EffectKind, Hang, Moment, Reorder,
    effect::{Listed, Within},
};

/// The effects that come at some moment.
pub trait On: Sized {
    /// Whether effects of this kind are among them.
    fn comes(kind: EffectKind) -> bool;

    /// The effect, if it is among them.
    fn of(effect: &Effect) -> Option<Self>;
}

/// What a fault has under one key, and the effect that this is.
pub trait Given<Makers> {
    /// The effect; none if the key is missing.
    fn given(self, makers: Makers) -> Option<Effect>;
}

impl Given<(Effect,)> for bool {
    fn given(self, (effect,): (Effect,)) -> Option<Effect> {
        self.then_some(effect)
    }
}

impl<T, F: Fn(T) -> Effect> Given<(F,)> for Option<T> {
    fn given(self, (make,): (F,)) -> Option<Effect> {
        self.map(make)
    }
}

impl<F: Fn(Within) -> Effect, G: Fn(Listed) -> Effect> Given<(F, G)> for Option<Reorder> {
    fn given(self, (within, list): (F, G)) -> Option<Effect> {
        self.map(|reorder| match reorder {
            Reorder::Within(length) => within(length),
            Reorder::List => list(Listed),
        })
    }
}

impl<F: Fn(Moment) -> Effect> Given<(Effect, F)> for Option<Hang> {
    fn given(self, (hang, freeze): (Effect, F)) -> Option<Effect> {
        match self? {
            Hang::AfterJob(hangs) => hangs.then_some(hang),
            Hang::At(moment) => Some(freeze(moment)),
        }
    }
}

/// The first of two, where the second only says how often.
macro_rules! first {
    ($first:ident, $second:ty) => {
        $first
    };
}

/// A value, or `true` where there is none.
macro_rules! value_or_true {
    () => {
        &true
    };
    ($value:ident, $payload:ty) => {
        $value
    };
}

/// The word of a kind: its key, unless it has one of its own.
macro_rules! word {
    ($key:ident) => {
        stringify!($key)
    };
    ($key:ident $word:literal) => {
        $word
    };
}

macro_rules! effects {
    (
        ($d:tt)
        $(
            $(#[doc = $doc:literal])+ $(#[serde($attribute:ident)])?
            $key:ident: $read:ty => $(
                $kind:ident $(($payload:ty = $like:expr))? $(, $word:literal)?, [$($moment:ident),+], $then:ident, $comes:ident
            )|+;
        )+
    ) => {
        /// What a fault does.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Effect {
            $($(#[doc = concat!("Written with the key `", stringify!($key), "`.")] $kind $(($payload))?,)+)+
        }

        /// The kinds of effects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EffectKind {
            $($(#[doc = concat!("That of [`Effect::", stringify!($kind), "`].")] $kind,)+)+
        }

        impl Effect {
            /// Its row in the table of effects.
            #[must_use]
            pub const fn kind(&self) -> EffectKind {
                match self {
                    $($(Self::$kind { .. } => EffectKind::$kind,)+)+
                }
            }

            /// Writes it into a fault, under its key.
            ///
            /// # Errors
            /// What is written to does not take it.
            pub fn write<M: SerializeMap>(&self, fault: &mut M) -> Result<(), M::Error> {
                match self {
                    $($(
                        Self::$kind $((effect_table::first!(value, $payload)))? => fault.serialize_entry(
                            stringify!($key),
                            effect_table::value_or_true!($(value, $payload)?),
                        ),
                    )+)+
                }
            }
        }

        impl EffectKind {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[$($(Self::$kind,)+)+];

            const fn row(self) -> &'static Row {
                match self {
                    $($(Self::$kind => &Row {
                        key: stringify!($key),
                        word: effect_table::word!($key $($word)?),
                        moments: &[$($moment),+],
                        then: $then,
                        comes: $comes,
                    },)+)+
                }
            }

            /// One effect of this kind, which makes a difference wherever it can come.
            #[must_use]
            pub fn example(self) -> Effect {
                match self {
                    $($(Self::$kind => Effect::$kind $(($like))?,)+)+
                }
            }
        }

        /// What a fault has under each key.
        #[expect(non_camel_case_types, reason = "they are the keys")]
        pub mod reads {
            use super::*;

            $(
                $(#[doc = $doc])+
                pub type $key = $read;
            )+
        }

        /// A struct that is read from the keys of a fault: its own fields, and one for each key of an effect.
        #[macro_export]
        macro_rules! with_effects {
            ($d(#[$d about:meta])* $d visible:vis struct $d name:ident { $d($d fields:tt)* }) => {
                $d(#[$d about])*
                $d visible struct $d name {
                    $d($d fields)*
                    $(
                        $(#[doc = $doc])+ $(#[serde($attribute)])?
                        $d visible $key: $crate::reads::$key,
                    )+
                }

                impl $d name {
                    /// The effects that it has, in the order of the table.
                    $d visible fn effects(&self) -> Vec<$crate::Effect> {
                        let given = [$(
                            $crate::Given::given(self.$key.clone(), ($($crate::Effect::$kind,)+)),
                        )+];
                        given.into_iter().flatten().collect()
                    }
                }
            };
        }

        effect_table::on! { Delivery
            /// What comes to an attempt to deliver a webhook.
            OnDelivery [] $($({$kind ($($payload)?) [$($moment)+]})+)+ }
        effect_table::on! { Call
            /// What comes to a call before it takes effect.
            OnCall [] $($({$kind ($($payload)?) [$($moment)+]})+)+ }
        effect_table::on! { Answer
            /// What comes to the honest answer to a call.
            OnAnswer [] $($({$kind ($($payload)?) [$($moment)+]})+)+ }
        effect_table::on! { Schedule
            /// What comes to an HF job at its creation.
            OnSchedule [] $($({$kind ($($payload)?) [$($moment)+]})+)+ }
        effect_table::on! { Hardware
            /// What comes to an HF job that would get its hardware now.
            OnHardware [] $($({$kind ($($payload)?) [$($moment)+]})+)+ }
        effect_table::on! { Runner
            /// What comes to a runner's process.
            OnRunner [] $($({$kind ($($payload)?) [$($moment)+]})+)+ }
        effect_table::on! { Store
            /// What comes to the dispatcher's store.
            OnStore [] $($({$kind ($($payload)?) [$($moment)+]})+)+ }
    };
}

/// The enum of the effects that come at one of the moments of an asker. Rows go by one at a time, and of each its moments:
/// a row with a moment that is the asker's is kept.
macro_rules! on {
    (Delivery $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Delivery $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Delivery $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Delivery $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Exchange $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Delivery $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Call $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Call $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Call $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Call $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Past $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Call $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Answer $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Answer $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Answer $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Answer $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Values $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Answer $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Answer $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Listing $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Answer $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Answer $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Paged $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Answer $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Answer $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Stream $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Answer $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Schedule $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Schedule $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Schedule $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Hardware $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Hardware $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Hardware $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Runner $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Runner $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Runner $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (Store $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [Store $($m:ident)*]} $($rows:tt)*) => { effect_table::on! { @keep Store $(#[$a])* $on $kept {$k $p} $($rows)* } };
    (@keep $asked:ident $(#[$a:meta])* $on:ident [$($kept:tt)*] $row:tt $($rows:tt)*) => {
        effect_table::on! { $asked $(#[$a])* $on [$($kept)* $row] $($rows)* }
    };
    ($asked:ident $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt [$other:ident $($m:ident)*]} $($rows:tt)*) => {
        effect_table::on! { $asked $(#[$a])* $on $kept {$k $p [$($m)*]} $($rows)* }
    };
    ($asked:ident $(#[$a:meta])* $on:ident $kept:tt {$k:ident $p:tt []} $($rows:tt)*) => {
        effect_table::on! { $asked $(#[$a])* $on $kept $($rows)* }
    };
    ($asked:ident $(#[$a:meta])* $on:ident [$({$kind:ident ($($payload:ty)?)})*]) => {
        $(#[$a])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $on {
            $(#[doc = concat!("[`Effect::", stringify!($kind), "`].")] $kind $(($payload))?,)*
        }

        impl On for $on {
            fn comes(kind: EffectKind) -> bool {
                [$(EffectKind::$kind),*].contains(&kind)
            }

            fn of(effect: &Effect) -> Option<Self> {
                match effect {
                    $(Effect::$kind $((effect_table::first!(value, $payload)))? => {
                        Some(Self::$kind $((Clone::clone(effect_table::first!(value, $payload))))?)
                    })*
                    // By the table they come at other moments.
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use {effects, first, on, value_or_true, word};
