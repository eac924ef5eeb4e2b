//! The fuzz targets on the stable toolchain: what a fuzzer once kept is run again, and what a fuzzer
//! without eyes makes of it, the same each time.

use std::fs;
use std::path::PathBuf;

use ringfence_tests::fuzz::mutation::mutated;
use ringfence_tests::fuzz::{self, TARGETS};

/// Inputs of which a corpus may keep its tests waiting.
const KEPT_MAX: usize = 400;

/// All inputs of a target that are kept, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpora").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Tells which input it was that a target panicked at.
struct Told<'a>(&'a [u8]);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input was b\"{}\"", self.0.escape_ascii());
        }
    }
}

fn replay(name: &str) {
    let target = fuzz::find(name).expect("a target");
    let kept = corpus(name);
    assert!((1..=KEPT_MAX).contains(&kept.len()), "{} inputs", kept.len());
    let run = |input: &[u8]| {
        let _told = Told(input);
        (target.run)(input);
    };
    kept.iter().for_each(|input| run(input));
    (0..target.in_a_test as u64).for_each(|seed| run(&mutated(&kept, target.bytes_max, seed)));
}

macro_rules! replayed {
    ($($test:ident: $target:literal;)+) => {
        const REPLAYED: &[&str] = &[$($target),+];
        $(#[test]
        fn $test() {
            replay($target);
        })+
    };
}

replayed! {
    stun_messages_are_read_as_they_are: "stun";
    streams_come_apart_where_they_must: "streams";
    datagrams_belong_to_one_protocol: "demux";
    media_headers_are_read_as_their_figures_have_them: "media_headers";
    strangers_get_little_from_turn_and_leave_nothing: "turn_strangers";
    clients_of_turn_get_what_the_fence_admits_and_give_it_back: "turn_clients";
    rooms_do_as_the_model_says: "rooms";
    credentials_are_taken_to_the_letter: "credentials";
    configurations_are_read_back_or_refused_with_a_place: "config";
    region_files_are_ours_or_refused: "region_files";
    calls_of_the_api_are_answered: "api";
    a_state_comes_back_as_far_as_the_policy_admits_it: "state_file";
    the_fence_agrees_with_its_oracle: "fence";
}

#[test]
fn every_target_is_replayed_and_has_a_corpus_of_its_own() {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, REPLAYED);
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpora");
    let mut folders: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    folders.sort();
    let mut names = names;
    names.sort_unstable();
    assert_eq!(folders, names);
}
