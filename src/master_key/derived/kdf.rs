//! Keys derived from common passwords by PBKDF2 or scrypt with the salts and costs of samples and libraries.
//!
//! Too slow to try when a key is checked, so `kdf.bin` holds three bytes of the output of each recipe, in the order in which
//! [`recipes`] lists them: a match names its recipe, which is then followed in full. A match by chance costs one derivation and
//! refuses nothing. `cargo test --release --features strength -- --ignored kdf_table` makes the table and compares it.

use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::matcher::Matcher;

/// What derived the key, if one of the recipes did.
pub(super) fn find(key: &Matcher) -> Option<&'static str> {
    let (whole, middle) = (&key.key()[..MARK], &key.key()[16..16 + MARK]);
    let marks = TABLE.chunks_exact(MARK);
    let suspects = recipes().zip(marks).filter(|(_, mark)| *mark == whole || *mark == middle);
    let mut made = suspects.map(|(recipe, _)| recipe).filter(|recipe| key.matches(&recipe.follow()));
    made.next().map(|recipe| match recipe.function {
        Function::Scrypt(_) => "scrypt",
        _ => "PBKDF2",
    })
}

/// One way to a key.
#[derive(Clone, Copy)]
struct Recipe {
    function: Function,
    salt: &'static [u8],
    password: &'static [u8],
}

#[derive(Clone, Copy)]
enum Function {
    Sha1(u32),
    Sha256(u32),
    Sha512(u32),
    /// Base-2 logarithm of the cost, with blocks of 8 and no parallelism.
    Scrypt(u8),
}

impl Recipe {
    fn follow(&self) -> [u8; 32] {
        let mut out = [0; 32];
        match self.function {
            Function::Sha1(rounds) => pbkdf2_hmac::<Sha1>(self.password, self.salt, rounds, &mut out),
            Function::Sha256(rounds) => pbkdf2_hmac::<Sha256>(self.password, self.salt, rounds, &mut out),
            Function::Sha512(rounds) => pbkdf2_hmac::<Sha512>(self.password, self.salt, rounds, &mut out),
            Function::Scrypt(cost) => {
                let params = scrypt::Params::new(cost, 8, 1).expect("the costs below are valid");
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
                passwords().take(plan.passwords).map(move |password| Recipe { function: *function, salt, password })
            })
        })
    })
}

fn passwords() -> impl Iterator<Item = &'static [u8]> {
    include_str!("kdf_passwords.txt").lines().map(str::as_bytes)
}

struct Plan {
    functions: &'static [Function],
    salts: &'static [&'static [u8]],
    /// So many from the beginning of the list.
    passwords: usize,
}

const PLANS: &[Plan] = &[
    Plan {
        functions: &[
            Function::Sha256(1),
            Function::Sha256(1_000),
            Function::Sha256(1_024),
            Function::Sha256(2_048),
            Function::Sha256(4_096),
            Function::Sha256(5_000),
            Function::Sha256(10_000),
            Function::Sha1(1),
            Function::Sha1(1_000),
            Function::Sha1(4_096),
            Function::Sha1(10_000),
            Function::Sha512(1),
            Function::Sha512(1_000),
            Function::Sha512(2_048),
        ],
        salts: SALTS,
        passwords: 160,
    },
    Plan { functions: &[Function::Sha256(20_000), Function::Sha256(30_000)], salts: SALTS, passwords: 80 },
    Plan { functions: &[Function::Sha256(100_000)], salts: SOME_SALTS, passwords: 80 },
    Plan {
        functions: &[
            Function::Sha256(50_000),
            Function::Sha256(65_536),
            Function::Sha256(120_000),
            Function::Sha256(150_000),
            Function::Sha256(180_000),
            Function::Sha256(200_000),
            Function::Sha256(216_000),
            Function::Sha256(250_000),
            Function::Sha256(260_000),
            Function::Sha256(300_000),
            Function::Sha256(310_000),
            Function::Sha256(320_000),
            Function::Sha256(390_000),
            Function::Sha256(400_000),
            Function::Sha256(480_000),
            Function::Sha256(500_000),
            Function::Sha256(600_000),
            Function::Sha256(720_000),
            Function::Sha256(870_000),
            Function::Sha256(1_000_000),
            Function::Sha256(1_200_000),
            Function::Sha512(100_000),
            Function::Sha512(210_000),
            Function::Sha1(100_000),
        ],
        salts: FEW_SALTS,
        passwords: 16,
    },
    Plan { functions: &[Function::Scrypt(14)], salts: FEW_SALTS, passwords: 60 },
    Plan {
        functions: &[Function::Scrypt(15), Function::Scrypt(10), Function::Scrypt(12)],
        salts: FEW_SALTS,
        passwords: 20,
    },
    Plan { functions: &[Function::Scrypt(16), Function::Scrypt(17)], salts: RARE_SALTS, passwords: 8 },
];

const SALTS: &[&[u8]] = &[
    b"salt",
    b"",
    &[0; 16],
    b"static_salt",
    b"salt_",
    b"SALT",
    b"Salt",
    b"mysalt",
    b"my_salt",
    b"my-salt",
    b"somesalt",
    b"some_salt",
    b"static_salt_here",
    b"fixed_salt",
    b"fixed-salt",
    b"static-salt",
    b"staticsalt",
    b"secret_salt",
    b"secretsalt",
    b"random_salt",
    b"stable_salt",
    b"default_salt",
    b"some-salt",
    b"some salt",
    b"your_salt_here",
    b"your-salt",
    b"change_me",
    b"salty",
    b"saltsalt",
    b"saltsaltsaltsalt",
    b"NaCl",
    b"pepper",
    b"password",
    b"secret",
    b"strongroom",
    b"fernet",
    b"airflow",
    b"django",
    b"django-cryptography",
    b"django-fernet-fields-hkdf-salt",
    b"0123456789abcdef0123456789abcdef",
    b"0123456789abcdef",
    b"1234567890123456",
    b"12345678",
    b"1234",
    b"1",
    &[0; 8],
    &[0; 32],
    b"encryption",
    b"encryption_salt",
    b"master",
    b"master-key",
    b"key",
    b"test",
    b"app",
    b"abc",
    b"a_salt",
    b"application_salt",
    b"django.cryptography",
    b"this is a salt",
];

const SOME_SALTS: &[&[u8]] = &[
    b"salt",
    b"",
    &[0; 16],
    b"static_salt",
    b"salt_",
    b"mysalt",
    b"my_salt",
    b"somesalt",
    b"some_salt",
    b"static_salt_here",
    b"fixed_salt",
    b"static-salt",
    b"stable_salt",
    b"secret_salt",
    b"your_salt_here",
    b"strongroom",
    b"fernet",
    b"django",
    b"django-cryptography",
    b"0123456789abcdef0123456789abcdef",
    b"0123456789abcdef",
    b"1234567890123456",
    b"pepper",
    b"password",
];

const FEW_SALTS: &[&[u8]] =
    &[b"salt", b"", &[0; 16], b"static_salt", b"salt_", b"mysalt", b"somesalt", b"static_salt_here"];

const RARE_SALTS: &[&[u8]] = &[b"salt", b"", &[0; 16], b"static_salt"];

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

    /// A quarter of an hour: the table is what this program makes. With `STRONGROOM_WRITE_TABLES` it is written;
    /// `STRONGROOM_TABLE_STEP=13` follows every thirteenth recipe alone.
    #[test]
    #[ignore = "derives every key of the table"]
    fn kdf_table_is_what_the_recipes_give() {
        if std::env::var_os("STRONGROOM_WRITE_TABLES").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/master_key/derived/kdf.bin");
            return std::fs::write(path, parallel(&recipes().collect::<Vec<_>>())).expect("written");
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
