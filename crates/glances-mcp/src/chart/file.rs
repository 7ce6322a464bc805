//! Pixels to a small PNG: a picture of a few inks needs few colours.

use png::{BitDepth, ColorType, Compression, Encoder, Filter};

use super::{BYTES_MAX, ChartError};

/// Colours of the palette, tried in turn until the file is small enough; more than the first are not
/// seen, and make it a tenth larger.
const COLOURS: [usize; 3] = [128, 48, 16];
/// A cell of colours that look alike: so many of the 8 bits of red, green and blue.
const CELL_BITS: u32 = 5;
const CELLS: usize = 1 << (3 * CELL_BITS);
/// Bytes of a pixel that comes in.
const PIXEL: usize = 4;

/// One cell: how many pixels, and the sums of their red, green and blue.
#[derive(Clone, Copy, Default)]
struct Cell {
    pixels: u32,
    sums: [u32; 3],
}

/// The file; pixels are red, green, blue and something that is not looked at.
pub(super) fn png(pixels: &[u8], size: (u32, u32)) -> Result<Vec<u8>, ChartError> {
    let mut cells = vec![Cell::default(); CELLS];
    let numbers: Vec<u16> = pixels.chunks_exact(PIXEL).map(number).collect();
    for (pixel, number) in pixels.chunks_exact(PIXEL).zip(&numbers) {
        if let Some(cell) = cells.get_mut(usize::from(*number)) {
            cell.pixels += 1;
            cell.sums.iter_mut().zip(pixel).for_each(|(sum, part)| *sum += u32::from(*part));
        }
    }
    let mut used: Vec<(u16, Cell)> = (0_u16..).zip(cells).filter(|(_, it)| it.pixels > 0).collect();
    used.sort_by(|(a, one), (b, other)| other.pixels.cmp(&one.pixels).then(a.cmp(b)));
    for colours in COLOURS {
        let file = encoded(&numbers, &used, colours, size)?;
        if file.len() <= BYTES_MAX {
            return Ok(file);
        }
    }
    Err(ChartError::TooLarge)
}

/// The number of a pixel's cell.
fn number(pixel: &[u8]) -> u16 {
    let join = |number: u16, part: &u8| (number << CELL_BITS) | u16::from(part >> (8 - CELL_BITS));
    pixel.iter().take(3).fold(0, join)
}

/// With the most frequent colours; others become the nearest of them.
fn encoded(
    numbers: &[u16],
    used: &[(u16, Cell)],
    colours: usize,
    (width, height): (u32, u32),
) -> Result<Vec<u8>, ChartError> {
    let means: Vec<[u8; 3]> = used.iter().map(|(_, cell)| cell.mean()).collect();
    let palette: Vec<[u8; 3]> = means.iter().take(colours).copied().collect();
    let mut places = vec![0_u8; CELLS];
    for ((number, _), mean) in used.iter().zip(&means) {
        let nearest = (0_u8..=u8::MAX).zip(&palette).min_by_key(|(_, it)| distance(it, mean));
        if let (Some(place), Some((at, _))) = (places.get_mut(usize::from(*number)), nearest) {
            *place = at;
        }
    }
    let place = |number: &u16| places.get(usize::from(*number)).copied().unwrap_or_default();
    let image: Vec<u8> = numbers.iter().map(place).collect();

    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(Compression::Balanced);
    // Numbers of a palette have no order that a filter could use.
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header().map_err(|_| ChartError::Broken)?;
    writer.write_image_data(&image).map_err(|_| ChartError::Broken)?;
    writer.finish().map_err(|_| ChartError::Broken)?;
    Ok(file)
}

impl Cell {
    fn mean(&self) -> [u8; 3] {
        let half = self.pixels / 2;
        self.sums.map(|sum| u8::try_from((sum + half) / self.pixels.max(1)).unwrap_or(u8::MAX))
    }
}

fn distance(one: &[u8; 3], other: &[u8; 3]) -> u32 {
    let square = |(a, b): (&u8, &u8)| u32::from(a.abs_diff(*b)).pow(2);
    one.iter().zip(other).map(square).sum()
}
