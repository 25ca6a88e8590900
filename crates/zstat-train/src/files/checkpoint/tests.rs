//! Tests of checkpoints: bytes and back, every fault.

use proptest::prelude::*;

use super::super::history::tests::histories;
use super::*;

const AGAIN: &str = "remove it to begin anew";

fn small() -> Checkpoint {
    Checkpoint {
        digest: "sha256:1".to_owned(),
        epoch: 3,
        parameters: vec![1.0, f32::from_bits(0x7f80_0001)],
        learnt: vec![-0.0],
        best: Some((vec![2.0, 3.0], vec![0.5])),
        optimisers: vec![vec![1.0, f64::from_bits(0x7ff0_0000_0000_0001)], vec![]],
        stopping: Some(StoppingState {
            epochs: 3,
            best: Some(Epoch { epoch: 2, loss: 0.25 }),
            progress: None,
        }),
        history: History { columns: vec!["epoch".to_owned()], rows: vec![vec![0.0], vec![f64::NAN]] },
    }
}

fn message(bytes: &[u8]) -> String {
    let message = Checkpoint::from_bytes(bytes, "sha256:1").unwrap_err().to_string();
    assert!(message.ends_with(AGAIN), "{message}");
    message
}

/// The seal that fits put on.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - SEAL);
    let seal = Sha256::digest(&bytes);
    bytes.extend(seal);
    bytes
}

#[test]
fn bytes_of_an_empty_one() {
    let bytes = Checkpoint { digest: "d".to_owned(), ..Checkpoint::default() }.to_bytes();
    let mut expected = b"\x93zstatCP\x01\0\0\0".to_vec();
    expected.extend(111_u64.to_le_bytes());
    expected.extend(b"\x01\0\0\0\0\0\0\0d");
    expected.extend([0; 8 + 8 + 8 + 1 + 8 + 1 + 8 + 8]);
    assert_eq!(bytes[..bytes.len() - SEAL], expected);
    assert_eq!(bytes.len(), expected.len() + SEAL);
    assert_eq!(bytes, sealed(bytes.clone()));
}

#[test]
fn bits_come_back() {
    let bytes = small().to_bytes();
    let back = Checkpoint::from_bytes(&bytes, "sha256:1").unwrap();
    assert_eq!(back.parameters[1].to_bits(), 0x7f80_0001);
    assert_eq!(back.optimisers[0][1].to_bits(), 0x7ff0_0000_0000_0001);
    assert_eq!(back.learnt[0].to_bits(), (-0.0_f64).to_bits());
    assert_eq!((back.epoch, back.stopping, &back.best), (3, small().stopping, &small().best));
    assert_eq!(back.to_bytes(), bytes);
}

#[test]
fn a_file_that_is_cut_or_longer() {
    let bytes = small().to_bytes();
    for length in 0..bytes.len() {
        let message = message(&bytes[..length]);
        assert!(message.starts_with("the checkpoint is cut: "), "{length}: {message}");
    }
    let longer = [&bytes[..], &[0]].concat();
    let (found, expected) = (longer.len(), bytes.len());
    let start = format!("the checkpoint is longer than it was: it has {found} bytes, expected {expected}; ");
    assert!(message(&longer).starts_with(&start));
}

#[test]
fn a_file_that_was_changed() {
    let bytes = small().to_bytes();
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        let start = match at {
            0..8 => "the file is no checkpoint of a training; ",
            8..12 => "the checkpoint has version ",
            12..20 => "the checkpoint is ",
            _ => "the checkpoint was changed or damaged: ",
        };
        let message = message(&bytes);
        assert!(message.starts_with(start), "{at}: {message}");
    }
}

#[test]
fn other_files_versions_and_runs() {
    assert!(message(b"epoch,loss\n").starts_with("the file is no checkpoint"));
    let mut bytes = small().to_bytes();
    let fault = Checkpoint::from_bytes(&bytes, "sha256:2").unwrap_err();
    let expected = "the checkpoint belongs to another run: its spec, seed, options (`--epochs`, `--fitter`) or files of events are others; \
                    give these again to go on, choose another folder, or remove it to begin anew";
    assert_eq!(fault.to_string(), expected);
    bytes[8] = 2;
    let expected = "the checkpoint has version 2 of the format, expected version 1; \
                    go on with the zstat that wrote it, or remove it to begin anew";
    assert_eq!(message(&sealed(bytes)), expected);
}

#[test]
fn a_seal_does_not_make_sense_of_anything() {
    let whole = small().to_bytes();
    for at in HEAD..whole.len() - SEAL {
        let mut bytes = whole.clone();
        bytes[at] = 0xff;
        match Checkpoint::from_bytes(&sealed(bytes.clone()), "sha256:1") {
            Ok(back) => assert_eq!(back.to_bytes(), sealed(bytes), "{at}"),
            Err(fault) => {
                assert!(matches!(fault, CheckpointFault::Content | CheckpointFault::Run { .. }), "{at}")
            }
        }
    }
    // Bytes after the last field.
    let mut bytes = whole.clone();
    bytes.insert(whole.len() - SEAL, 0);
    let length = bytes.len() as u64;
    bytes[12..20].copy_from_slice(&length.to_le_bytes());
    assert_eq!(Checkpoint::from_bytes(&sealed(bytes), "sha256:1"), Err(CheckpointFault::Content));
    // Head and seal overlap.
    let mut bytes = whole[..SEAL].to_vec();
    bytes[12..20].copy_from_slice(&(SEAL as u64).to_le_bytes());
    assert!(message(&bytes).starts_with("the checkpoint was changed"));
}

fn singles() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(any::<u32>().prop_map(f32::from_bits), 0..6)
}

fn doubles() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(any::<u64>().prop_map(f64::from_bits), 0..6)
}

fn epochs() -> impl Strategy<Value = Option<Epoch>> {
    prop::option::of(
        (any::<u64>(), any::<u64>()).prop_map(|(epoch, loss)| Epoch { epoch, loss: f64::from_bits(loss) }),
    )
}

fn checkpoints() -> impl Strategy<Value = Checkpoint> {
    let stopping = (any::<u64>(), epochs(), epochs());
    let stopping = stopping.prop_map(|(epochs, best, progress)| StoppingState { epochs, best, progress });
    let learnt =
        (any::<String>(), any::<u64>(), singles(), doubles(), prop::option::of((singles(), doubles())));
    let rest = (prop::collection::vec(doubles(), 0..3), prop::option::of(stopping), histories());
    (learnt, rest).prop_map(|((digest, epoch, parameters, learnt, best), (optimisers, stopping, history))| {
        Checkpoint { digest, epoch, parameters, learnt, best, optimisers, stopping, history }
    })
}

proptest! {
    #[test]
    fn checkpoints_come_back(checkpoint in checkpoints()) {
        let bytes = checkpoint.to_bytes();
        let back = Checkpoint::from_bytes(&bytes, &checkpoint.digest).unwrap();
        // Bits, not numbers: a NaN is no other NaN.
        prop_assert_eq!(back.to_bytes(), bytes);
        prop_assert_eq!(format!("{back:?}"), format!("{checkpoint:?}"));
    }

    #[test]
    fn any_content_is_read_or_refused(content in prop::collection::vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..120)) {
        let mut reader = Reader::new(&content);
        let _ = Checkpoint::read(&mut reader);
    }
}
