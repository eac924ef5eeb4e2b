//! Processor time of a datagram by the length of the train that it leaves in, on the product's sockets:
//! where trains begin to pay. Times are of the thread's clock, and the sinks are emptied outside it.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use criterion::{criterion_group, criterion_main};
use ringfence_net::backend::Backend;
use ringfence_net::cputime;
use ringfence_net::floor::Sink;
use ringfence_net::sockets::{Sockets, SocketsConfig};
use ringfence_wire::datagram::{LocalSocket, Outbox, Transmit};

/// Datagrams of one send call.
const BATCH: usize = 64;

/// The longest payload.
static PAYLOAD: [u8; 1_200] = [0xA5; 1_200];

fn trains(criterion: &mut Criterion) {
    for coalescing in [false, true] {
        for bytes in [172, 1_200] {
            let to = if coalescing { "to-sinks-with-gro" } else { "to-plain-sinks" };
            let mut group = criterion.benchmark_group(format!("trains/{to}/{bytes}-bytes"));
            group.sampling_mode(SamplingMode::Flat);
            group.throughput(Throughput::Elements(1));
            for length in [1, 2, 3, 4, 8, 16, 32, 64] {
                let mut lab = Lab::new(BATCH / length, coalescing);
                group.bench_function(BenchmarkId::from_parameter(length), |bencher| {
                    bencher.iter_custom(|datagrams| lab.send(datagrams, length, bytes));
                });
            }
        }
    }
}

struct Lab {
    sockets: Sockets,
    sinks: Vec<(UdpSocket, SocketAddr)>,
    sink: Sink,
}

impl Lab {
    fn new(sinks: usize, coalescing: bool) -> Self {
        let own = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let sockets = Sockets::open(&SocketsConfig::listening(vec![own])).expect("sockets open");
        let sinks = (0..sinks).map(|_| sink(coalescing).expect("a sink opens")).collect();
        Self { sockets, sinks, sink: Sink::default() }
    }

    /// Sends at least so many; the time that so many take.
    fn send(&mut self, datagrams: u64, length: usize, bytes: usize) -> Duration {
        let a_batch = (self.sinks.len() * length) as u64;
        let batches = datagrams.div_ceil(a_batch);
        let mut spent = Duration::ZERO;
        for _ in 0..batches {
            spent += self.batch(length, bytes);
            self.drain(a_batch);
        }
        spent.mul_f64(datagrams as f64 / (batches * a_batch) as f64)
    }

    fn batch(&mut self, length: usize, bytes: usize) -> Duration {
        let before = cputime::of_current_thread().expect("a thread has a clock");
        self.sockets.emit(|outbox| {
            for &(_, to) in &self.sinks {
                for _ in 0..length {
                    let from = LocalSocket::Listen(0);
                    outbox.forward(Transmit { payload: &PAYLOAD[..bytes], to, from });
                }
            }
        });
        cputime::of_current_thread().expect("a thread has a clock") - before
    }

    fn drain(&mut self, expected: u64) {
        let mut heard = 0;
        for (socket, _) in &self.sinks {
            loop {
                let some = self.sink.receive(socket).expect("a sink receives");
                heard += some;
                if some == 0 {
                    break;
                }
            }
        }
        assert_eq!(heard, expected, "a lost datagram is a cheap one");
    }
}

fn sink(coalescing: bool) -> std::io::Result<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    if coalescing {
        Sink::coalesce(&socket)?;
    }
    let address = socket.local_addr()?;
    Ok((socket, address))
}

fn quick() -> Criterion {
    let quick = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(100));
    quick.measurement_time(Duration::from_millis(400))
}

criterion_group!(name = on_sockets; config = quick(); targets = trains);
criterion_main!(on_sockets);
