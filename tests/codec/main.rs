//! Messages as bytes: what is written stays readable, and what is damaged or foreign is told from it.

use ractor_agents::codec::{Codec, CodecError, Encoding, Frame};
use serde::{Deserialize, Serialize};
use tests::Random;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Job {
    Review { repository: String, lines: u32 },
    Merge(Option<u64>, Vec<i16>),
    Stop,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Image {
    #[serde(with = "serde_bytes")]
    pixels: Vec<u8>,
}

fn jobs() -> [Job; 3] {
    let review = Job::Review {
        repository: "ractor".to_owned(),
        lines: 120,
    };
    [review, Job::Merge(Some(7), vec![-1, 2]), Job::Stop]
}

fn codec() -> Codec {
    Codec::of::<Job>()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What was written once has to be readable for ever: these must never change.
#[test]
fn golden_bytes() -> Result<(), CodecError> {
    let golden = [
        (
            Encoding::Bincode,
            [GOLDEN_BINCODE_0, GOLDEN_BINCODE_1, GOLDEN_BINCODE_2],
        ),
        (
            Encoding::Json,
            [GOLDEN_JSON_0, GOLDEN_JSON_1, GOLDEN_JSON_2],
        ),
    ];
    for (encoding, expected) in golden {
        for (job, expected) in jobs().iter().zip(expected) {
            let bytes = codec().encoding(encoding).encode(job)?;
            assert_eq!(hex(&bytes), expected, "{job:?}");
            // Whichever it is encoded by, it is decoded.
            assert_eq!(&codec().decode::<Job>(&bytes)?, job);
        }
    }
    Ok(())
}

const GOLDEN_BINCODE_0: &str =
    "524147460101000018a695c30000000016000000aeaa98e3000000000600000000000000726163746f7278000000";
const GOLDEN_BINCODE_1: &str = "524147460101000018a695c30000000019000000f22e7aa4010000000107000000000000000200000000000000ffff0200";
const GOLDEN_BINCODE_2: &str = "524147460101000018a695c300000000040000000b86ba3c02000000";
const GOLDEN_JSON_0: &str = "524147460102000018a695c3000000002e0000001023e76a7b22526576696577223a7b227265706f7369746f7279223a22726163746f72222c226c696e6573223a3132307d7d";
const GOLDEN_JSON_1: &str =
    "524147460102000018a695c30000000014000000a64fcf817b224d65726765223a5b372c5b2d312c325d5d7d";
const GOLDEN_JSON_2: &str = "524147460102000018a695c30000000006000000acb08bfc2253746f7022";

#[test]
fn what_is_of_another_kind_or_schema_is_refused() -> Result<(), CodecError> {
    let bytes = codec().schema(3).encode(&Job::Stop)?;
    assert!(matches!(
        codec().decode::<Job>(&bytes),
        Err(CodecError::OtherSchema {
            found: 3,
            expected: 0
        })
    ));
    let other = codec().kind("Order").schema(3);
    assert!(matches!(
        other.decode::<Job>(&bytes),
        Err(CodecError::OtherKind)
    ));
    let frame = Frame::read(&bytes, 100)?;
    assert!(frame.is_kind("Job") && !frame.is_kind("Order"));
    assert_eq!((frame.schema(), frame.decode::<Job>()?), (3, Job::Stop));
    Ok(())
}

#[test]
fn what_is_too_long_is_refused_both_ways() -> Result<(), CodecError> {
    let image = |bytes| Image {
        pixels: vec![7; bytes],
    };
    let codec = Codec::of::<Image>();
    let fits = codec.size_max(1_000 + 8);
    let bytes = fits.encode(&image(1_000))?;
    assert_eq!(fits.decode::<Image>(&bytes)?, image(1_000));
    assert!(matches!(
        fits.encode(&image(1_001)),
        Err(CodecError::TooLarge {
            length: 1_009,
            limit: 1_008
        })
    ));
    assert!(matches!(
        codec.size_max(1_007).decode::<Image>(&bytes),
        Err(CodecError::TooLarge {
            length: 1_008,
            limit: 1_007
        })
    ));
    assert!(codec.encode(&image(Codec::SIZE_DEFAULT)).is_err());
    Ok(())
}

#[test]
fn a_length_that_lies_costs_no_memory() {
    // A `Vec<u8>` of 2^40 bytes, in eight bytes.
    let mut bytes = Codec::of::<Image>()
        .encode(&(1_u64 << 40))
        .expect("a number");
    let decoded = Codec::of::<Image>().decode::<Image>(&bytes);
    assert!(matches!(decoded, Err(CodecError::Decode(_))), "{decoded:?}");
    bytes.truncate(30);
    let decoded = Codec::of::<Image>().decode::<Image>(&bytes);
    assert!(matches!(decoded, Err(CodecError::CutOff)));
}

#[test]
fn every_cut_is_noticed() -> Result<(), CodecError> {
    for encoding in [Encoding::Bincode, Encoding::Json] {
        for job in jobs() {
            let bytes = codec().encoding(encoding).encode(&job)?;
            for end in 0..bytes.len() {
                let cut = codec().decode::<Job>(&bytes[..end]);
                assert!(matches!(cut, Err(CodecError::CutOff)), "{end}: {cut:?}");
            }
            let longer = [&bytes[..], &[0]].concat();
            let longer = codec().decode::<Job>(&longer);
            assert!(matches!(longer, Err(CodecError::LeftOver(1))));
        }
    }
    Ok(())
}

#[test]
fn every_flipped_bit_is_noticed() -> Result<(), CodecError> {
    for encoding in [Encoding::Bincode, Encoding::Json] {
        for job in jobs() {
            let mut bytes = codec().encoding(encoding).encode(&job)?;
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                let damaged = codec().decode::<Job>(&bytes);
                assert!(damaged.is_err(), "bit {bit}: {damaged:?}");
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
    Ok(())
}

/// `CODEC_ROUNDS` is how many (20,000 by default), `CODEC_SEED` brings them back.
#[test]
fn garbage_is_refused_or_decoded_and_never_more_than_that() {
    let rounds = std::env::var("CODEC_ROUNDS").map_or(20_000, |rounds| {
        rounds.parse().expect("rounds are a number")
    });
    let seed = Random::seed("CODEC_SEED");
    println!("CODEC_SEED={seed}");
    let mut random = Random::new(seed);
    for round in 0..rounds {
        let length = random.below(64);
        let mut payload: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        if round % 2 == 0 {
            // Little numbers are believed further.
            payload.iter_mut().for_each(|byte| *byte &= 3);
        }
        // With a good header, so that the decoders see it.
        for bytes in [framed(1, &payload), framed(2, &payload), payload] {
            let _ = Codec::of::<Job>().decode::<Job>(&bytes);
            let _ = Codec::of::<Job>().decode::<Vec<Vec<String>>>(&bytes);
        }
    }
}

/// A frame of that encoding around the payload, as the documentation says.
fn framed(encoding: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"RAGF\x01".to_vec();
    bytes.extend_from_slice(&[encoding, 0, 0]);
    bytes.extend_from_slice(&crc32fast::hash(b"Job").to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    let sum = crc32fast::hash(&[&bytes[..], payload].concat());
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

#[test]
fn foreign_headers_are_told_from_damaged_ones() {
    let good = framed(1, &2_u32.to_le_bytes());
    assert_eq!(
        codec().decode::<Job>(&good).expect("as documented"),
        Job::Stop
    );
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        codec().decode::<Job>(&bytes).expect_err("it is foreign")
    };
    assert!(matches!(with(0, b'X'), CodecError::NoFrame));
    assert!(matches!(with(4, 2), CodecError::UnknownVersion(2)));
    assert!(matches!(with(5, 9), CodecError::UnknownEncoding(9)));
    assert!(matches!(with(6, 1), CodecError::UnknownVersion(1)));
    assert!(matches!(with(21, 0), CodecError::Checksum));
}
