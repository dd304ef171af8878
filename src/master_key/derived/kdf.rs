//! Keys derived from common passwords by PBKDF2 or scrypt with the salts and costs of samples and libraries.
//!
//! Too slow to try when a key is checked, so `kdf.bin` holds three bytes of the output of each recipe, in the order in which
//! [`recipes`] lists them: a match names its recipe, which is then followed in full. A match by chance costs one derivation and
//! refuses nothing. `cargo test --release --features strength -- --ignored kdf_table` makes the table and compares it.

mod plans;

use argon2::Argon2;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::matcher::Matcher;
use plans::{Function, PLANS, Passwords};

/// What derived the key, if one of the recipes did.
pub(super) fn find(key: &Matcher) -> Option<&'static str> {
    let (whole, middle) = (&key.key()[..MARK], &key.key()[16..16 + MARK]);
    let marks = TABLE.chunks_exact(MARK);
    let suspects = recipes().zip(marks).filter(|(_, mark)| *mark == whole || *mark == middle);
    let mut made = suspects.map(|(recipe, _)| recipe).filter(|recipe| key.matches(&recipe.follow()));
    made.next().map(|recipe| match recipe.function {
        Function::Scrypt(..) => "scrypt",
        Function::Argon2(..) => "Argon2",
        _ => "PBKDF2",
    })
}

/// The same of some passwords of the long list, by their rank, with the commonest salts and costs: milliseconds for each.
pub(super) fn follow(key: &Matcher, ranks: std::ops::Range<usize>) -> Option<&'static str> {
    let salts: [&[u8]; 3] = [b"salt", b"", &[0; 16]];
    let mut functions = vec![Function::Sha256(1_000), Function::Sha256(10_000), Function::Sha1(1_000)];
    if ranks.start < 500 {
        functions.push(Function::Sha256(100_000));
    }
    let mut passwords = super::words::passwords().skip(ranks.start).take(ranks.len());
    let found = passwords.any(|password| {
        functions.iter().any(|function| {
            let made = |salt| Recipe { function: *function, salt, password }.follow();
            !key.is_over() && salts.iter().any(|salt| key.matches(&made(salt)))
        })
    });
    found.then_some("PBKDF2")
}

/// One way to a key.
#[derive(Clone, Copy)]
struct Recipe {
    function: Function,
    salt: &'static [u8],
    password: &'static [u8],
}

impl Recipe {
    fn follow(&self) -> [u8; 32] {
        let mut out = [0; 32];
        match self.function {
            Function::Sha1(rounds) => pbkdf2_hmac::<Sha1>(self.password, self.salt, rounds, &mut out),
            Function::Sha256(rounds) => pbkdf2_hmac::<Sha256>(self.password, self.salt, rounds, &mut out),
            Function::Sha512(rounds) => pbkdf2_hmac::<Sha512>(self.password, self.salt, rounds, &mut out),
            Function::Argon2(algorithm, passes, lanes, memory) => {
                let params = argon2::Params::new(memory, passes, lanes, Some(32)).expect("the costs are valid");
                let derivation = Argon2::new(algorithm, argon2::Version::V0x13, params);
                derivation.hash_password_into(self.password, self.salt, &mut out).expect("salts of 8 bytes or more");
            }
            Function::Scrypt(cost, blocks, lanes) => {
                let params = scrypt::Params::new(cost, blocks, lanes).expect("the costs are valid");
                scrypt::scrypt(self.password, self.salt, &params, &mut out).expect("32 bytes is a valid length");
            }
        }
        out
    }
}

/// Every recipe, in the order of the table. Changing anything here or in the lists below takes a new table.
fn recipes() -> impl Iterator<Item = Recipe> {
    PLANS.iter().flat_map(|plan| {
        plan.functions.iter().flat_map(move |function| {
            plan.salts.iter().flat_map(move |salt| {
                let salt = *salt;
                passwords(&plan.passwords).map(move |password| Recipe { function: *function, salt, password })
            })
        })
    })
}

fn passwords(which: &'static Passwords) -> impl Iterator<Item = &'static [u8]> {
    let (count, these): (usize, &[&str]) = match which {
        Passwords::First(count) => (*count, &[]),
        Passwords::These(these) => (0, these),
    };
    let first = include_str!("kdf_passwords.txt").lines().take(count);
    first.chain(these.iter().copied()).map(str::as_bytes)
}

const TABLE: &[u8] = include_bytes!("kdf.bin");
/// Bytes of each output that the table holds.
const MARK: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn parallel(recipes: &[Recipe]) -> Vec<u8> {
        let next = std::sync::atomic::AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut marks = vec![0; MARK * recipes.len()];
        let done: Vec<(usize, [u8; MARK])> = std::thread::scope(|scope| {
            let work = || {
                let mut done = vec![];
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(recipe) = recipes.get(at) else { return done };
                    done.push((at, *recipe.follow().first_chunk().expect("32 bytes")));
                }
            };
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
        });
        for (at, mark) in done {
            marks[MARK * at..MARK * (at + 1)].copy_from_slice(&mark);
        }
        marks
    }

    /// Half an hour: the table is what this program makes. With `STRONGROOM_WRITE_TABLES=all` it is written, with `more` what
    /// is new at the end of the plans is added to it; `STRONGROOM_TABLE_STEP=13` follows every thirteenth recipe alone.
    #[test]
    #[ignore = "derives every key of the table"]
    fn kdf_table_is_what_the_recipes_give() {
        if let Ok(what) = std::env::var("STRONGROOM_WRITE_TABLES") {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/master_key/derived/kdf.bin");
            let kept = if what == "all" { &[] } else { TABLE };
            let new = parallel(&recipes().skip(kept.len() / MARK).collect::<Vec<_>>());
            return std::fs::write(path, [kept, &new].concat()).expect("written");
        }
        let step = std::env::var("STRONGROOM_TABLE_STEP").map_or(1, |step| step.parse().expect("a number"));
        let marks: Vec<u8> = TABLE.chunks_exact(MARK).step_by(step).flatten().copied().collect();
        assert!(parallel(&recipes().step_by(step).collect::<Vec<_>>()) == marks, "the table differs");
    }

    #[test]
    fn the_table_has_a_mark_for_each_recipe_and_they_are_right_where_they_are_cheap() {
        let all: Vec<Recipe> = recipes().collect();
        assert_eq!(TABLE.len(), MARK * all.len());
        let cheap =
            |recipe: &Recipe| matches!(recipe.function, Function::Sha256(1) | Function::Sha1(1) | Function::Sha512(1));
        for (recipe, mark) in all.iter().zip(TABLE.chunks_exact(MARK)).filter(|(recipe, _)| cheap(recipe)) {
            assert_eq!(&recipe.follow()[..MARK], mark);
        }
    }

    #[test]
    fn every_hundredth_recipe_of_moderate_cost_is_found() {
        let moderate = |recipe: &Recipe| matches!(recipe.function, Function::Sha256(1_000) | Function::Sha512(1));
        let mut found = 0;
        for recipe in recipes().filter(moderate).step_by(499) {
            assert!(find(&Matcher::new(&recipe.follow())).is_some());
            found += 1;
        }
        assert!(found > 20);
    }
}
