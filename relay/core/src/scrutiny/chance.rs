//! What encrypted bytes do by chance, and what they do not.
//!
//! Each byte that a cipher puts out has one of 256 values, all equally likely and independent of
//! each other. So among `n` bytes a given value comes `k` times or more with a probability of at
//! most exp(-n * D), where D = q ln(q / p) + (1 - q) ln((1 - q) / (1 - p)), q = k / n and p = 1 / 256
//! (Chernoff's bound), and *some* value does with at most 256 times that. [`LEVELS`] has the least
//! `k` for which this is below 2e-16. Looking after every sample costs nothing extra: a count only
//! grows, so whoever reaches `k` at some time on the way to `n` bytes has it at `n` bytes as well.
//!
//! A window of one stream tests 16 positions on the six levels up to 1,024 samples and all bytes
//! together on all thirteen: 109 tests, 2.2e-14 in all. A flow would have to be watched for 45,000
//! windows, 370 million packets at one sample in eight, until one in a billion such flows is found
//! to be plain and is not.
//!
//! For blocks the numbers are smaller still: among the 6,144 blocks of a window two are equal with a
//! probability of 6144^2 / 2^129 = 6e-32. They are kept as 64-bit fingerprints, for which it is
//! 1e-12; two packets of a window must have one, for which it is 1e-24.

/// For so many bytes at most: the count of one value that chance does not reach.
const LEVELS: [(u32, u32); 13] = [
    (32, 12),
    (64, 14),
    (128, 17),
    (256, 21),
    (512, 26),
    (1024, 34),
    (2048, 46),
    (4096, 65),
    (8192, 96),
    (16_384, 150),
    (32_768, 245),
    (65_536, 416),
    (131_072, 732),
];

/// Whether one value came so often among so many bytes as it does not by chance.
pub(super) fn is_beyond(count: u32, bytes: u32) -> bool {
    let level = LEVELS.iter().find(|(bytes_max, _)| bytes <= *bytes_max);
    level.is_some_and(|(_, least)| count >= *least)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 256 * exp(-n * D).
    fn bound(bytes: u32, count: u32) -> f64 {
        let (p, q) = (1.0 / 256.0, f64::from(count) / f64::from(bytes));
        let divergence = q * (q / p).ln() + (1.0 - q) * ((1.0 - q) / (1.0 - p)).ln();
        256.0 * (-f64::from(bytes) * divergence).exp()
    }

    #[test]
    fn every_level_is_the_least_count_below_the_bound() {
        for (bytes, count) in LEVELS {
            assert!(bound(bytes, count) <= 2e-16, "{bytes}: {}", bound(bytes, count));
            assert!(bound(bytes, count - 1) > 2e-16, "{bytes}: {}", bound(bytes, count - 1));
        }
    }

    #[test]
    fn a_count_is_judged_by_the_level_above_it() {
        assert!(is_beyond(12, 32));
        assert!(!is_beyond(12, 33));
        assert!(!is_beyond(11, 12));
        assert!(is_beyond(34, 1024));
        assert!(!is_beyond(u32::MAX, 131_073));
    }
}
