//! A chart: axes, curves, dots and their labels, as SVG.
//!
//! Takes what to draw in the units of the data, hands on a `<figure>` that holds the drawing
//! twice: wide, and narrow for phones, where a scaled-down wide one would be illegible. The
//! style sheet shows one of them. Curves are told apart by colour, dashes and a tag at their end.

use std::fmt::Write as _;

use super::escape;
use super::labels::{BOLD, Labels, Placed, width_of};
use super::scale::{Domain, Scale};

/// What to draw.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Names the chart within the page; letters and hyphens.
    pub id: String,
    /// The heading.
    pub title: String,
    /// The gist in words, for those who can't see the drawing.
    pub description: String,
    /// How to read it, shown below; may be empty.
    pub note: String,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// The first is drawn on top.
    pub curves: Vec<Curve>,
    /// A horizontal line and its name, such as the rate that was asked for.
    pub mark: Option<(f64, String)>,
    /// The room it takes.
    pub shape: Shape,
}

/// The room that a chart takes on a wide page; on a narrow one all are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The width of the page.
    Large,
    /// The same, but low.
    Strip,
    /// Half of the width.
    Half,
}

/// An axis.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What it shows.
    pub name: &'static str,
    /// What it spans.
    pub domain: Domain,
    /// How a tick is written.
    pub label: fn(f64) -> String,
}

/// One line through the chart.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    /// Which colour and dashes.
    pub style: usize,
    /// What is written beside it; short.
    pub tag: String,
    /// The place beside which that is written.
    pub tag_at: (f64, f64),
    /// Its parts; more than one where data is missing in between.
    pub parts: Vec<Vec<(f64, f64)>>,
    /// Whether the area below is tinted.
    pub filled: bool,
    /// Points that have a name.
    pub dots: Vec<Dot>,
}

/// A named point of a curve.
#[derive(Debug, Clone)]
pub struct Dot {
    /// Where.
    pub at: (f64, f64),
    /// What pointing at it shows.
    pub hint: String,
    /// What is written beside it where there is room; may be empty.
    pub label: String,
}

/// The style of the `index`th run or phase: a class of the style sheet, which has ten.
pub fn style_class(index: usize) -> String {
    format!("c{}", index % 10)
}

impl Chart {
    /// The figure with both drawings.
    pub fn figure(&self) -> String {
        let (class, wide, narrow) = match self.shape {
            Shape::Large => ("figure full", (900.0, 320.0), (334.0, 270.0)),
            Shape::Strip => ("figure full", (900.0, 200.0), (334.0, 200.0)),
            Shape::Half => ("figure", (528.0, 256.0), (334.0, 240.0)),
        };
        let note = match self.note.is_empty() {
            true => String::new(),
            false => format!("\n<p class=\"note\">{}</p>", escape::html(&self.note)),
        };
        format!(
            "<figure class=\"{class}\">\n<figcaption>{}</figcaption>\n{}\n{}{note}\n</figure>\n",
            escape::html(&self.title),
            self.svg("wide", wide),
            self.svg("narrow", narrow),
        )
    }

    fn svg(&self, rendition: &str, size: (f64, f64)) -> String {
        let frame = Frame::new(self, size);
        let id = format!("{}-{rendition}", self.id);
        let mut svg = format!(
            "<svg class=\"{rendition}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\n\
             <title id=\"{id}-t\">{}</title>\n<desc id=\"{id}-d\">{}</desc>\n",
            size.0,
            size.1,
            escape::html(&self.title),
            escape::html(&self.description),
        );
        let mut labels = Labels::within(size);
        frame.axes(self, &mut svg);
        for curve in self.curves.iter().rev() {
            frame.curve(curve, &mut svg);
        }
        frame.mark(self, &mut labels, &mut svg);
        frame.labels(self, &mut labels, &mut svg);
        svg.push_str("</svg>");
        svg
    }
}

/// The room between the axes, and the scales along them.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: Scale,
    y: Scale,
}

impl Frame {
    fn new(chart: &Chart, (width, height): (f64, f64)) -> Self {
        let (top, bottom) = (24.0, height - 38.0);
        // A logarithmic axis is read by its ticks alone, so it has more of them.
        let apart = if matches!(chart.y.domain, Domain::Log(..)) {
            22.0
        } else {
            36.0
        };
        let y = Scale::new(chart.y.domain, bottom, top, apart);
        let widest = |texts: &mut dyn Iterator<Item = String>| {
            texts.map(|text| width_of(&text)).fold(0.0, f64::max)
        };
        // Strips stand below each other, so their times should too.
        let (least_left, least_tag) = match chart.shape {
            Shape::Strip => (62.0, 24.0),
            Shape::Large | Shape::Half => (0.0, 10.0),
        };
        let left = f64::max(
            widest(&mut y.ticks().iter().map(|t| (chart.y.label)(*t))) + 10.0,
            least_left,
        );
        let tags = widest(&mut chart.curves.iter().map(|curve| curve.tag.clone()));
        let right = width - tags.max(least_tag) * BOLD - 10.0;
        let apart = if matches!(chart.x.domain, Domain::Log(..)) {
            42.0
        } else {
            64.0
        };
        let x = Scale::new(chart.x.domain, left, right, apart);
        Frame {
            left,
            right,
            top,
            bottom,
            x,
            y,
        }
    }

    fn axes(&self, chart: &Chart, svg: &mut String) {
        let Frame {
            left,
            right,
            top,
            bottom,
            ..
        } = self;
        for tick in self.y.ticks() {
            let y = self.y.at(*tick);
            line(svg, "grid", (*left, y), (*right, y));
            text(
                svg,
                "tick",
                (left - 6.0, y + 4.0),
                "end",
                &(chart.y.label)(*tick),
            );
        }
        // Each tick has its line, but only those whose texts don't touch have a text.
        let mut free = 0.0;
        for tick in self.x.ticks() {
            let x = self.x.at(*tick);
            line(svg, "grid", (x, *top), (x, *bottom));
            let label = (chart.x.label)(*tick);
            let half = width_of(&label) / 2.0;
            let centre = x.clamp(half, (right + 18.0 - half).max(half));
            if centre - half >= free {
                text(svg, "tick", (centre, bottom + 16.0), "middle", &label);
                free = centre + half + 8.0;
            }
        }
        line(svg, "axis", (*left, *bottom), (*right, *bottom));
        text(svg, "name", (2.0, 13.0), "start", chart.y.name);
        text(svg, "name", (*right, bottom + 33.0), "end", chart.x.name);
    }

    fn curve(&self, curve: &Curve, svg: &mut String) {
        let _ = writeln!(svg, "<g class=\"{}\">", style_class(curve.style));
        for part in &curve.parts {
            let points: Vec<_> = part.iter().map(|point| self.place(*point)).collect();
            let (Some(first), Some(last)) = (points.first(), points.last()) else {
                continue;
            };
            let path = path(&points);
            if curve.filled {
                let (x0, x1, y) = (first.0, last.0, self.bottom);
                let _ = writeln!(
                    svg,
                    "<path class=\"area\" d=\"{path}L{x1:.1} {y:.1}L{x0:.1} {y:.1}Z\"/>"
                );
            }
            let _ = writeln!(svg, "<path class=\"line\" d=\"{path}\"/>");
        }
        for dot in &curve.dots {
            let (x, y) = self.place(dot.at);
            let hint = escape::html(&dot.hint);
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"><title>{hint}</title></circle>"
            );
        }
        svg.push_str("</g>\n");
    }

    fn mark(&self, chart: &Chart, labels: &mut Labels, svg: &mut String) {
        if let Some((value, name)) = &chart.mark {
            let y = self.y.at(*value);
            line(svg, "mark", (self.left, y), (self.right, y));
            // Above the line: the rate that is reached lies below the one that was asked for.
            let at = (self.right - width_of(name) - 6.0, y - 5.0);
            if let Some(placed) = labels.place(at, name) {
                text(svg, "tick", (placed.x, placed.y), "start", name);
            }
        }
    }

    /// Tags first: they must be there. Dots take the room that is left.
    fn labels(&self, chart: &Chart, labels: &mut Labels, svg: &mut String) {
        let tags = chart.curves.iter().map(|curve| {
            let (x, y) = self.place(curve.tag_at);
            ((x + 6.0, y + 4.0), curve.tag.as_str())
        });
        let tags: Vec<_> = tags.collect();
        for (curve, Placed { x, y }) in chart.curves.iter().zip(labels.spread(&tags, self.top)) {
            let class = format!("tag {}", style_class(curve.style));
            text(svg, &class, (x, y), "start", &curve.tag);
        }
        for curve in &chart.curves {
            for dot in curve.dots.iter().filter(|dot| !dot.label.is_empty()) {
                let (x, y) = self.place(dot.at);
                let width = width_of(&dot.label);
                // Above and before the dot, where a rising curve isn't; else above it.
                let places = [x - width - 4.0, x - width / 2.0];
                let inside = places.into_iter().filter(|left| *left >= self.left);
                let mut placed =
                    inside.filter_map(|left| labels.place((left, y - 7.0), &dot.label));
                if let Some(placed) = placed.next() {
                    text(svg, "value", (placed.x, placed.y), "start", &dot.label);
                }
            }
        }
    }

    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x.at(x), self.y.at(y))
    }
}

/// A path through `points`, without those that lie where the last one was.
fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    let mut last: Option<(f64, f64)> = None;
    for (index, (x, y)) in points.iter().enumerate() {
        let near = last.is_some_and(|(lx, ly)| (x - lx).abs() < 0.4 && (y - ly).abs() < 0.4);
        if near && index + 1 < points.len() {
            continue;
        }
        let command = if last.is_none() { 'M' } else { 'L' };
        let _ = write!(path, "{command}{x:.1} {y:.1}");
        last = Some((*x, *y));
    }
    path
}

// Writing to a String can't fail; hence the ignored results in this file.
fn line(svg: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(
        svg,
        "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
    );
}

fn text(svg: &mut String, class: &str, (x, y): (f64, f64), anchor: &str, text: &str) {
    let text = escape::html(text);
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}
