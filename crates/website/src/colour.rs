//! Colours as `#RRGGBB`.

/// A colour without its transparency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Colour(pub(crate) [u8; 3]);

impl Colour {
    /// Reads what stands behind a `#`: three, four, six or eight hexadecimal digits.
    pub(crate) fn of_hex(digits: &str) -> Option<Self> {
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let part = |from: usize, to: usize| u8::from_str_radix(digits.get(from..to)?, 16).ok();
        match digits.len() {
            3 | 4 => Some(Self([part(0, 1)? * 17, part(1, 2)? * 17, part(2, 3)? * 17])),
            6 | 8 => Some(Self([part(0, 2)?, part(2, 4)?, part(4, 6)?])),
            _ => None,
        }
    }

    /// From shares of red, green and blue between 0 and 1.
    pub(crate) fn of_shares(shares: [f32; 3]) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a byte"
        )]
        Self(shares.map(|share| (share.clamp(0.0, 1.0) * 255.0).round() as u8))
    }

    /// From a hue in degrees, and saturation and lightness between 0 and 1.
    pub(crate) fn of_hsl(hue: f32, saturation: f32, lightness: f32) -> Self {
        let (s, l) = (saturation.clamp(0.0, 1.0), lightness.clamp(0.0, 1.0));
        let reach = s * l.min(1.0 - l);
        let share = |offset: f32| {
            let k = (offset + hue.rem_euclid(360.0) / 30.0).rem_euclid(12.0);
            l - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
        };
        Self::of_shares([share(0.0), share(8.0), share(4.0)])
    }

    /// Black, white and what is between them: no brand is known by it.
    pub(crate) fn is_grey(self) -> bool {
        let [red, green, blue] = self.0;
        red.max(green).max(blue) - red.min(green).min(blue) < 24
    }

    pub(crate) fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02X}{green:02X}{blue:02X}")
    }
}
