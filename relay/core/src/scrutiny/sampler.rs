//! Which packets a shard copies for scrutiny. For nearly every packet this is one number counted
//! down; a flow that has a turn gives one packet in [`SAMPLING_GAP_MEAN`], at random distances, so
//! that no pattern of the stream falls in step with it.

use std::collections::VecDeque;

use super::sample::{Sample, SampledFlow};
use crate::limits::{
    SAMPLED_FLOWS_MAX, SAMPLES_WAITING_MAX, SAMPLING_GAP_MEAN, SCRUTINY_SAMPLES_MAX, SCRUTINY_TURN,
};
use crate::random::Csprng;
use crate::time::Instant;

/// Takes samples of some flows at a time, which take turns, into a ring that never grows.
pub(crate) struct Sampler {
    turns: Box<[Turn]>,
    /// Where the next flow asks for a turn.
    hand: usize,
    begun: u32,
    ring: VecDeque<Sample>,
    random: Csprng,
}

/// What a flow knows of its turn.
#[derive(Clone, Copy, Default)]
pub(crate) struct Watch {
    /// Packets to let pass before the next one is looked at.
    passing: u8,
    place: u8,
    number: u32,
}

// Every flow has one or two.
const _: () = assert!(size_of::<Watch>() == 8 && SAMPLED_FLOWS_MAX <= 1 << u8::BITS);

/// A place among the flows that are sampled. Whoever has it may end without a word.
#[derive(Clone, Copy, Default)]
struct Turn {
    /// Which turn it is, counted over all places; 0 is nobody's.
    number: u32,
    since: Instant,
    samples_left: usize,
}

impl Sampler {
    /// All memory that it will ever use.
    pub(crate) fn new(random: &mut Csprng) -> Self {
        Self {
            turns: vec![Turn::default(); SAMPLED_FLOWS_MAX].into_boxed_slice(),
            hand: 0,
            begun: 0,
            ring: VecDeque::with_capacity(SAMPLES_WAITING_MAX),
            random: Csprng::new(random.bytes()),
        }
    }

    /// A packet of a flow passes.
    #[inline]
    pub(crate) fn pass(
        &mut self,
        now: Instant,
        watch: &mut Watch,
        flow: SampledFlow,
        packet: &[u8],
    ) {
        match watch.passing.checked_sub(1) {
            Some(fewer) => watch.passing = fewer,
            None => self.look(now, watch, flow, packet),
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Sample> {
        self.ring.pop_front()
    }

    #[cold]
    fn look(&mut self, now: Instant, watch: &mut Watch, flow: SampledFlow, packet: &[u8]) {
        if !self.has_turn(watch)
            && (self.has_had_enough(now, watch) || !self.begin_turn(now, watch))
        {
            watch.passing = u8::MAX;
            return;
        }
        watch.passing = self.gap();
        self.turns[usize::from(watch.place)].samples_left -= 1;
        if self.ring.len() < SAMPLES_WAITING_MAX {
            self.ring.push_back(Sample::of(flow, packet));
        }
    }

    fn has_turn(&self, watch: &Watch) -> bool {
        let turn = &self.turns[usize::from(watch.place)];
        turn.number == watch.number && turn.samples_left > 0
    }

    /// Whether its turn has given all its samples and is not over: a fast flow costs no more than a slow
    /// one, and takes no other's place.
    fn has_had_enough(&self, now: Instant, watch: &Watch) -> bool {
        let turn = &self.turns[usize::from(watch.place)];
        turn.number != 0 && turn.number == watch.number && now.since(turn.since) < SCRUTINY_TURN
    }

    /// Looks at one place: nobody has had it yet, or its turn is over.
    fn begin_turn(&mut self, now: Instant, watch: &mut Watch) -> bool {
        let place = self.hand;
        self.hand = (place + 1) % self.turns.len();
        let turn = &mut self.turns[place];
        let free = turn.number == 0 || now.since(turn.since) >= SCRUTINY_TURN;
        if free {
            self.begun = self.begun.wrapping_add(1).max(1);
            *turn = Turn { number: self.begun, since: now, samples_left: SCRUTINY_SAMPLES_MAX };
            (watch.place, watch.number) = (u8::try_from(place).unwrap_or(0), self.begun);
        }
        free
    }

    /// From none to twice the mean.
    fn gap(&mut self) -> u8 {
        let [random] = self.random.bytes();
        random % (2 * SAMPLING_GAP_MEAN - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ParticipantId;

    fn sampler() -> Sampler {
        Sampler::new(&mut Csprng::new([7; 32]))
    }

    fn flow(number: u64) -> SampledFlow {
        SampledFlow::Participant(ParticipantId(number))
    }

    /// Passes so many packets of a flow and returns how many were taken.
    fn pass(sampler: &mut Sampler, now: Instant, watch: &mut Watch, packets: usize) -> usize {
        let taken = |sampler: &mut Sampler| std::iter::from_fn(|| sampler.poll()).count();
        (0..packets)
            .map(|_| {
                sampler.pass(now, watch, flow(1), &[0x80; 200]);
                taken(sampler)
            })
            .sum()
    }

    #[test]
    fn a_flow_gives_one_packet_in_so_many() {
        let (mut sampler, mut watch) = (sampler(), Watch::default());
        let taken = pass(&mut sampler, Instant::START, &mut watch, 4000);
        let expected = 4000 / usize::from(SAMPLING_GAP_MEAN);
        assert!((expected * 4 / 5..expected * 6 / 5).contains(&taken), "{taken}");
    }

    #[test]
    fn a_full_ring_takes_no_more_and_what_is_in_it_is_cut() {
        let mut sampler = sampler();
        let mut watch = Watch::default();
        for _ in 0..SAMPLES_WAITING_MAX * 100 {
            sampler.pass(Instant::START, &mut watch, flow(1), &[0x80; 2000]);
        }
        let samples: Vec<_> = std::iter::from_fn(|| sampler.poll()).collect();
        assert_eq!(samples.len(), SAMPLES_WAITING_MAX);
        assert!(samples.iter().all(|sample| sample.packet_bytes == 2000));
        assert!(samples.iter().all(|sample| sample.prefix.len() < 2000));
    }

    #[test]
    fn so_many_flows_have_a_turn_and_the_next_waits_until_one_is_over() {
        let mut sampler = sampler();
        let mut watches = vec![Watch::default(); SAMPLED_FLOWS_MAX + 1];
        let taken: Vec<usize> =
            watches.iter_mut().map(|watch| pass(&mut sampler, Instant::START, watch, 40)).collect();
        assert!(taken[..SAMPLED_FLOWS_MAX].iter().all(|&taken| taken > 0));
        assert_eq!(taken[SAMPLED_FLOWS_MAX], 0);
        let later = Instant::START + SCRUTINY_TURN;
        let last = &mut watches[SAMPLED_FLOWS_MAX];
        assert!(pass(&mut sampler, later, last, 300) > 0);
    }

    #[test]
    fn however_fast_a_flow_is_it_gives_so_many_samples_a_turn_and_leaves_the_others_theirs() {
        let (mut sampler, mut watch) = (sampler(), Watch::default());
        let many = SCRUTINY_SAMPLES_MAX * 100;
        assert_eq!(pass(&mut sampler, Instant::START, &mut watch, many), SCRUTINY_SAMPLES_MAX);
        let mut others = vec![Watch::default(); SAMPLED_FLOWS_MAX - 1];
        for other in &mut others {
            assert!(pass(&mut sampler, Instant::START, other, 40) > 0);
        }
        let later = Instant::START + SCRUTINY_TURN;
        assert_eq!(pass(&mut sampler, later, &mut watch, many), SCRUTINY_SAMPLES_MAX);
    }
}
