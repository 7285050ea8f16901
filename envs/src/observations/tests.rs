use shadergym_compiler::ObservationPart;

use super::*;

fn part(encoding: Encoding, shape: &[usize], words: usize) -> ObservationPart {
    ObservationPart {
        name: String::new(),
        encoding,
        shape: shape.to_vec(),
        offset: 0,
        words,
        low: Vec::new(),
        high: Vec::new(),
        counts: Vec::new(),
        fields: Vec::new(),
        doc: String::new(),
    }
}

fn space(encoding: Encoding, shape: &[usize], words: usize) -> ObservationSpace {
    ObservationSpace { words, parts: vec![part(encoding, shape, words)] }
}

#[test]
fn bits_come_out_lowest_first_and_rows_begin_at_words() {
    let space = space(Encoding::Bit, &[5, 9], 2); // 45 bits in 64
    let words = [0x8000_0005, 0x0000_1001, 0xffff_ffff, 0x0000_1fff];
    let view = Observations::new(&words, &space);
    let mut bytes = [9; 90];
    view.unpack_u8(&mut bytes).unwrap();
    let ones: Vec<usize> = (0..45).filter(|&i| bytes[i] == 1).collect();
    assert_eq!(ones, [0, 2, 31, 32, 44]);
    assert!(bytes[45..].iter().all(|&b| b == 1));
    let mut floats = [9.0; 90];
    view.unpack_f32(&mut floats).unwrap();
    assert!(floats.iter().zip(bytes).all(|(f, b)| *f == f32::from(b)));
    assert!(view.as_f32().is_none());
    assert_eq!(view.row(1).words(), &words[2..]);
}

#[test]
fn bytes_come_out_lowest_first() {
    let space = space(Encoding::U8, &[6], 2);
    let words = [0x0403_0201, 0xffff_0605];
    let view = Observations::new(&words, &space);
    let mut bytes = [0; 6];
    view.unpack_u8(&mut bytes).unwrap();
    assert_eq!(bytes, [1, 2, 3, 4, 5, 6]);
    let mut floats = [0.0; 6];
    view.unpack_f32(&mut floats).unwrap();
    assert_eq!(floats, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert!(matches!(view.unpack_u8(&mut bytes[..5]), Err(Error::InvalidShape { got: 5, expected: 6, .. })));
}

#[test]
fn floats_are_floats_in_memory() {
    let space = space(Encoding::F32, &[2], 2);
    let words = [1.5f32.to_bits(), (-2.0f32).to_bits()];
    let view = Observations::new(&words, &space);
    assert_eq!(view.as_f32(), Some(&[1.5, -2.0][..]));
    assert!(matches!(view.unpack_u8(&mut [0; 2]), Err(Error::InvalidOption { .. })));
}

#[test]
fn parts_follow_each_other_and_whole_numbers_are_spread() {
    let parts = vec![
        ObservationPart { name: "image".into(), ..part(Encoding::U8, &[1, 5], 2) },
        ObservationPart { name: "heading".into(), offset: 2, counts: vec![4], ..part(Encoding::Count, &[], 1) },
        ObservationPart { name: "speed".into(), offset: 3, ..part(Encoding::F32, &[2], 2) },
        ObservationPart { name: "dice".into(), offset: 5, counts: vec![2, 3], ..part(Encoding::Count, &[2], 2) },
    ];
    let space = ObservationSpace { words: 7, parts };
    assert_eq!((space.flat_elements(), space.flat_words(), space.flat_encoding()), (16, 16, Encoding::F32));
    let row = [0x0403_0201, 0xffff_ff05, 3, 1.5f32.to_bits(), (-2.0f32).to_bits(), 1, 0];
    let words = [row, row].concat();
    let view = Observations::new(&words, &space);
    assert!(view.as_f32().is_none() && view.unpack_u8(&mut [0; 32]).is_err());
    let mut flat = [9.0; 32];
    view.unpack_f32(&mut flat).unwrap();
    let expected = [1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 0.0, 0.0, 1.0, 1.5, -2.0, 0.0, 1.0, 1.0, 0.0, 0.0];
    assert_eq!(flat, [expected, expected].concat()[..]);
    assert!(matches!(view.unpack_f32(&mut flat[1..]), Err(Error::InvalidShape { got: 31, expected: 32, .. })));
    let mut image = [0; 10];
    view.part("image").unwrap().unpack_u8(&mut image).unwrap();
    assert_eq!(image, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
    let mut heading = [0; 2];
    view.part("heading").unwrap().copy_words(&mut heading).unwrap();
    assert_eq!(heading, [3, 3]);
    assert!(view.part("image").unwrap().copy_words(&mut [0; 10]).is_err());
    assert!(view.part("heading").unwrap().unpack_u8(&mut [0; 2]).is_err());
    assert!(view.part("nothing").is_none());
    assert_eq!(view.row(1).parts().map(|rows| rows.len()).collect::<Vec<_>>(), [1; 4]);
}
