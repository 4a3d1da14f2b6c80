use super::*;

fn ids(key: u8) -> Ids {
    Ids { key: [key; 32], import: Uuid::from_u128(0x0193_4f2c_7a10_7cc3_98c4_dc0c_0c07_398f) }
}

#[test]
fn an_id_is_the_same_again_and_another_elsewhere() {
    let old = Uuid::from_u128(0x0192_0000_0000_7abc_8000_0000_0000_0001);
    let one = ids(1).anew(Kind::Thing, old);
    assert_eq!(one, ids(1).anew(Kind::Thing, old));
    assert_ne!(one, ids(2).anew(Kind::Thing, old), "of another import");
    assert_ne!(one, ids(1).anew(Kind::Group, old), "of another kind");
    assert_ne!(one, ids(1).anew(Kind::Thing, Uuid::from_u128(old.as_u128() + 1)));
    assert_eq!(one.as_bytes()[..8], old.as_bytes()[..8], "its place in lists");
    assert_eq!((one.get_version_num(), one.as_bytes()[8] >> 6), (7, 2));
}

#[test]
fn what_is_no_moment_or_lies_ahead_takes_that_of_the_import() {
    let ids = ids(1);
    for old in [0, u128::MAX, 0x0195_0000_0000_7abc_8000_0000_0000_0001, 0x4000 << 64] {
        let one = ids.anew(Kind::Thing, Uuid::from_u128(old));
        assert_eq!(one.as_bytes()[..6], ids.import.as_bytes()[..6], "{old:x}");
        assert_eq!((one.get_version_num(), one.as_bytes()[8] >> 6), (7, 2));
    }
}
