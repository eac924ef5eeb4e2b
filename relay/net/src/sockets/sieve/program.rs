//! The program of a sieve, instruction by instruction.
//!
//! Offsets are from the UDP header, which is where a UDP socket's program begins to look
//! (`udp_queue_rcv_one_skb`); [`NETWORK`] is the IP header before it. What a program cannot read makes
//! it end with "drop", so a datagram that is too short for a question needs no look at its length.

use libc::{
    BPF_ABS, BPF_ADD, BPF_ALU, BPF_AND, BPF_B, BPF_H, BPF_IMM, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JMP,
    BPF_JSET, BPF_K, BPF_LD, BPF_LDX, BPF_MEM, BPF_MISC, BPF_MUL, BPF_RET, BPF_RSH, BPF_ST,
    BPF_TAX, BPF_W, BPF_X, sock_filter,
};

use super::sources::{LEAF_BITS, Sources};

/// SKF_NET_OFF: the IP header.
const NETWORK: u32 = 0xfff0_0000;
const V4_SOURCE: u32 = NETWORK + 12;
const V6_SOURCE: u32 = NETWORK + 8;

/// SKF_AD_OFF + SKF_AD_RANDOM: a random number.
const RANDOM: u32 = 0xffff_f000 + 56;

const SOURCE_PORT: u32 = 0;
const PAYLOAD: u32 = 8;

/// RFC 8489 section 5.
const MAGIC_COOKIE: u32 = 0x2112_a442;
const COOKIE_AT: u32 = PAYLOAD + 4;

/// RFC 7983 section 7: first bytes below are STUN's.
const STUN_FIRST_BYTES: u32 = 4;

const KEEP_WHOLE: u32 = u32::MAX;
const DROP: u32 = 0;

/// Of the program's own words: what is summed up.
const SUM: u32 = 0;

/// Lets in whatever comes from these sources, and of others what may be STUN if a random number is below
/// the share.
pub(super) fn of(sources: &Sources, share: u32) -> Vec<sock_filter> {
    let mut program = Vec::with_capacity(4 * sources.leaves.len() + 40);
    hash(&mut program, sources);
    look_up(&mut program, &sources.leaves);
    strangers(&mut program, share);
    program
}

/// A: the number of the leaf; X: that of the bit in it.
fn hash(program: &mut Vec<sock_filter>, sources: &Sources) {
    let [a, b, c, d, port] = sources.factors;
    program.extend([load(BPF_H, SOURCE_PORT), compute(BPF_MUL, port), keep(SUM)]);
    if sources.v6 {
        for (factor, at) in [a, b, c, d].into_iter().zip((V6_SOURCE..).step_by(4)) {
            add_word(program, at, factor);
        }
    } else {
        add_word(program, V4_SOURCE, a);
    }
    program.extend([
        fetch(SUM),
        compute(BPF_RSH, u32::BITS - sources.place_bits),
        keep(SUM),
        compute(BPF_AND, LEAF_BITS - 1),
        plain(BPF_MISC | BPF_TAX, 0),
        fetch(SUM),
        compute(BPF_RSH, LEAF_BITS.ilog2()),
    ]);
}

/// Adds the word there times the factor to the sum.
fn add_word(program: &mut Vec<sock_filter>, at: u32, factor: u32) {
    program.extend([
        load(BPF_W, at),
        compute(BPF_MUL, factor),
        plain(BPF_LDX | BPF_MEM, SUM),
        plain(BPF_ALU | BPF_ADD | BPF_X, 0),
        keep(SUM),
    ]);
}

/// Ends with "keep" if the source's bit is set; otherwise goes on behind.
fn look_up(program: &mut Vec<sock_filter>, leaves: &[u32]) {
    let mut jumps = Vec::with_capacity(leaves.len());
    branch(program, leaves, 0, &mut jumps);
    let end = program.len();
    for at in jumps {
        program[at].k = word(end - at - 1);
    }
    program.extend([
        plain(BPF_ALU | BPF_RSH | BPF_X, 0),
        jump(BPF_JSET, 1, 0, 1),
        give(KEEP_WHOLE),
    ]);
}

/// A binary search for leaf A, the first of these being `first`, which loads its bits into A. Where the
/// jumps behind the leaves are goes into `jumps`.
fn branch(program: &mut Vec<sock_filter>, leaves: &[u32], first: usize, jumps: &mut Vec<usize>) {
    if let [bits] = leaves {
        program.push(plain(BPF_LD | BPF_IMM, *bits));
        jumps.push(program.len());
        return program.push(plain(BPF_JMP | BPF_JA, 0));
    }
    let (lower, upper) = leaves.split_at(leaves.len() / 2);
    let middle = word(first + lower.len());
    let near = lower.len() <= NEAR_LEAVES;
    if near {
        program.push(jump(BPF_JGE, middle, 0, 0));
    } else {
        program.extend([jump(BPF_JGE, middle, 0, 1), plain(BPF_JMP | BPF_JA, 0)]);
    }
    let begins = program.len();
    branch(program, lower, first, jumps);
    let over = program.len() - begins;
    if near {
        program[begins - 1].jt = u8::try_from(over).unwrap_or(u8::MAX);
    } else {
        program[begins - 1].k = word(over);
    }
    branch(program, upper, first + lower.len(), jumps);
}

/// A conditional jump reaches 255 instructions: over so many leaves, which have 191. Others need a second
/// jump to help them.
const NEAR_LEAVES: usize = 64;

fn strangers(program: &mut Vec<sock_filter>, share: u32) {
    program.extend([
        load(BPF_B, PAYLOAD),
        jump(BPF_JGE, STUN_FIRST_BYTES, 5, 0),
        load(BPF_W, COOKIE_AT),
        jump(BPF_JEQ, MAGIC_COOKIE, 0, 3),
        load(BPF_W, RANDOM),
        jump(BPF_JGE, share, 1, 0),
        give(KEEP_WHOLE),
        give(DROP),
    ]);
}

/// From the packet into A.
fn load(size: u32, at: u32) -> sock_filter {
    plain(BPF_LD | size | BPF_ABS, at)
}

fn fetch(own_word: u32) -> sock_filter {
    plain(BPF_LD | BPF_MEM, own_word)
}

fn keep(own_word: u32) -> sock_filter {
    plain(BPF_ST, own_word)
}

/// On A, with a constant.
fn compute(operation: u32, by: u32) -> sock_filter {
    plain(BPF_ALU | operation | BPF_K, by)
}

fn give(verdict: u32) -> sock_filter {
    plain(BPF_RET | BPF_K, verdict)
}

/// Skips so many instructions if A is so, or so many if not.
fn jump(condition: u32, than: u32, if_so: u8, if_not: u8) -> sock_filter {
    sock_filter { jt: if_so, jf: if_not, ..plain(BPF_JMP | condition | BPF_K, than) }
}

fn plain(code: u32, k: u32) -> sock_filter {
    // All codes are below 256.
    sock_filter { code: u16::try_from(code).unwrap_or(u16::MAX), jt: 0, jf: 0, k }
}

/// No program has 2^32 instructions.
fn word(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::sources::{FACTORS, LEAVES_LOG2_MAX};
    use super::*;

    /// BPF_MAXINSNS of <linux/bpf_common.h>.
    const INSTRUCTIONS_MAX: usize = 4096;

    #[test]
    fn the_largest_program_is_one_that_the_kernel_takes() {
        for v6 in [false, true] {
            let sources = Sources::new(LEAVES_LOG2_MAX, v6, [1; FACTORS]);
            let instructions = of(&sources, 0).len();
            assert!(instructions <= INSTRUCTIONS_MAX, "{instructions}");
        }
    }
}
