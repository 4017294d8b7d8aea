//! Where texts go in a chart: none over another, none over the edge.
//!
//! Takes the places where texts would like to be, hands on those that they get. Widths are
//! estimates, since nothing here knows the reader's fonts.

/// The height of a line of text in a drawing.
const LINE: f64 = 13.0;

/// How much wider bold text is, in which tags are set.
pub const BOLD: f64 = 1.15;

/// About how wide `text` is at the size in which drawings write.
pub fn width_of(text: &str) -> f64 {
    text.chars().count() as f64 * 6.4 + 2.0
}

/// The left end of a text's base line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// The texts of one drawing so far.
#[derive(Debug)]
pub struct Labels {
    size: (f64, f64),
    /// Left, top, right, bottom.
    taken: Vec<(f64, f64, f64, f64)>,
}

impl Labels {
    /// For a drawing of this size.
    pub fn within(size: (f64, f64)) -> Self {
        Labels {
            size,
            taken: Vec::new(),
        }
    }

    /// Puts a text there, or nowhere if another one is there.
    pub fn place(&mut self, at: (f64, f64), text: &str) -> Option<Placed> {
        let placed = self.inside(at, text);
        let (left, top, right, bottom) = bounds(placed, text);
        let free = self
            .taken
            .iter()
            .all(|(l, t, r, b)| right <= *l || left >= *r || bottom <= *t || top >= *b);
        free.then(|| {
            self.taken.push((left, top, right, bottom));
            placed
        })
    }

    /// Puts all texts, moved up or down from where they would like to be until none covers
    /// another; closer when there are too many for the height below `top`.
    pub fn spread(&mut self, wanted: &[((f64, f64), &str)], top: f64) -> Vec<Placed> {
        let lowest = self.size.1 - 38.0;
        let apart = LINE.min((lowest - top) / wanted.len().max(1) as f64);
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by(|a, b| wanted[*a].0.1.total_cmp(&wanted[*b].0.1));
        let mut heights: Vec<f64> = wanted.iter().map(|(at, _)| at.1.min(lowest)).collect();
        // Down from the top, then up from the bottom where that went too far.
        let mut least = top;
        for index in &order {
            heights[*index] = heights[*index].max(least);
            least = heights[*index] + apart;
        }
        let mut most = lowest;
        for index in order.iter().rev() {
            heights[*index] = heights[*index].min(most);
            most = heights[*index] - apart;
        }
        let all = wanted.iter().zip(heights).map(|((at, text), y)| {
            let placed = self.inside((at.0, y), text);
            self.taken.push(bounds(placed, text));
            placed
        });
        all.collect()
    }

    fn inside(&self, (x, y): (f64, f64), text: &str) -> Placed {
        let x = x.min(self.size.0 - width_of(text)).max(0.0);
        let y = y.min(self.size.1 - 4.0).max(LINE);
        Placed { x, y }
    }
}

fn bounds(Placed { x, y }: Placed, text: &str) -> (f64, f64, f64, f64) {
    (x, y - LINE + 2.0, x + width_of(text), y + 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_not_written_over_another() {
        let mut labels = Labels::within((300.0, 200.0));
        assert!(labels.place((10.0, 50.0), "p50 1.2 ms").is_some());
        assert!(labels.place((40.0, 55.0), "p90 1.3 ms").is_none());
        assert!(labels.place((40.0, 70.0), "p90 1.3 ms").is_some());
    }

    #[test]
    fn a_text_stays_inside() {
        let mut labels = Labels::within((300.0, 200.0));
        let placed = labels.place((299.0, -50.0), "max 12 s").unwrap();
        assert_eq!(placed.y, LINE);
        assert!(placed.x + width_of("max 12 s") <= 300.0);
    }

    #[test]
    fn tags_at_one_height_are_spread() {
        for many in [1, 2, 10, 60] {
            let wanted: Vec<_> = (0..many).map(|_| ((280.0, 100.0), "A")).collect();
            let placed = Labels::within((300.0, 200.0)).spread(&wanted, 24.0);
            let apart = if many > 10 { 2.0 } else { LINE };
            for pair in placed.windows(2) {
                assert!(pair[1].y - pair[0].y >= apart, "{many}: {pair:?}");
            }
            assert!(placed.iter().all(|p| p.y >= 13.0 && p.y <= 200.0), "{many}");
        }
    }
}
