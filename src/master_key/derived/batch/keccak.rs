//! SHA-3, SHAKE and Keccak of one block in each lane (FIPS 202).
#![expect(clippy::inline_always, clippy::needless_range_loop, reason = "lanes that the compiler makes vectors of")]

/// So many texts at a time.
pub(super) const WIDTH: usize = 4;

type Words = [u64; WIDTH];

/// Texts as little-endian words, with the first byte of the padding behind them, and where its last bit goes.
pub(super) struct Blocks<'a> {
    pub(super) words: &'a [Words; 7],
    /// In bytes.
    pub(super) rate: usize,
}

impl pulp::WithSimd for Blocks<'_> {
    type Output = [Words; 8];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
        let mut state = [[0; WIDTH]; 25];
        state[..7].copy_from_slice(self.words);
        for lane in 0..WIDTH {
            state[self.rate / 8 - 1][lane] ^= 1 << 63;
        }
        for constant in ROUNDS {
            permute(&mut state, constant);
        }
        *state.first_chunk().expect("25 words")
    }
}

#[inline(always)]
fn permute(state: &mut [Words; 25], constant: u64) {
    let mut columns = [[0; WIDTH]; 5];
    for x in 0..5 {
        for lane in 0..WIDTH {
            columns[x][lane] =
                state[x][lane] ^ state[x + 5][lane] ^ state[x + 10][lane] ^ state[x + 15][lane] ^ state[x + 20][lane];
        }
    }
    let mut moved = [[0; WIDTH]; 25];
    for x in 0..5 {
        for lane in 0..WIDTH {
            let mask = columns[(x + 4) % 5][lane] ^ columns[(x + 1) % 5][lane].rotate_left(1);
            for y in 0..5 {
                let to = y + 5 * ((2 * x + 3 * y) % 5);
                moved[to][lane] = (state[x + 5 * y][lane] ^ mask).rotate_left(TURNS[x + 5 * y]);
            }
        }
    }
    for y in (0..25).step_by(5) {
        for x in 0..5 {
            for lane in 0..WIDTH {
                state[y + x][lane] =
                    moved[y + x][lane] ^ (!moved[y + (x + 1) % 5][lane] & moved[y + (x + 2) % 5][lane]);
            }
        }
    }
    for lane in 0..WIDTH {
        state[0][lane] ^= constant;
    }
}

const TURNS: [u32; 25] = [0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14];

const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];
