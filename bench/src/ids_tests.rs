use super::{Dice, IdPool, thing_id, type_id};

#[test]
fn a_type_id_is_the_one_of_the_specification() {
    // From the valid cases of the TypeID specification.
    assert_eq!(type_id("prefix", 0), "prefix_00000000000000000000000000");
    assert_eq!(
        type_id("prefix", 0x0110_c853_1d09_52d8_d73e_1194_e95b_5f19),
        "prefix_0123456789abcdefghjkmnpqrs"
    );
    assert_eq!(type_id("prefix", u128::MAX), "prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz");
}

#[test]
fn thing_ids_ascend_and_repeat() {
    let ids: Vec<String> = (0..1000).map(thing_id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(ids[7], thing_id(7));
    assert!(ids.iter().all(|id| id.len() == 32));
}

#[test]
fn the_dice_stay_below_their_bound_and_reach_it() {
    let mut dice = Dice::new(1);
    let mut seen = [false; 5];
    for _ in 0..1000 {
        seen[dice.below(5)] = true;
    }
    assert_eq!(seen, [true; 5]);
}

#[test]
fn a_pool_keeps_ids_of_one_length() {
    let mut pool = IdPool::default();
    assert_eq!(pool.len(), 0);
    pool.push(b"abc");
    pool.push(b"too long");
    pool.push(b"def");
    assert_eq!(pool.len(), 2);
    assert_eq!(pool.get(1), b"def");
}
