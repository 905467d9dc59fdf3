//! A picture becomes a smaller PNG. The payload is the bytes of a PNG or JPEG, and its edges become 256 at most; or
//! JSON, for callers that cannot send bytes or want another size: `{"image": "<base64>", "max_edge": 128}`. The
//! output is the bytes of the PNG. Pictures are turned as their EXIF data says, and never made larger.

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageDecoder, ImageReader, ImageResult, Limits};
use wasmill_sdk::{Failure, Raw, handler, log};

mod picture;

use picture::Picture;

/// What a decoded picture may take: a photograph of 16 megapixels fits. It shares the type's memory limit, 64 MiB
/// by default, with the payload, and what goes beyond would end in a trap instead of a reason.
const DECODED_BYTES_MAX: u64 = 48 << 20;

#[handler]
fn thumbnail(picture: Picture) -> Result<Raw, Failure> {
    let full = decoded(&picture.bytes)?;
    let (width, height) = (full.width(), full.height());
    let edge = picture.max_edge.get();
    let small = if width.max(height) > edge { full.thumbnail(edge, edge) } else { full };
    let png = encoded(small).map_err(Failure::reject)?;
    log::info!("{width} x {height} in {} bytes became {} bytes", picture.bytes.len(), png.len());
    Ok(Raw(png))
}

fn decoded(bytes: &[u8]) -> Result<DynamicImage, Failure> {
    let unreadable = |error| Failure::reject(format_args!("the picture cannot be read: {error}"));
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    // Reading from memory does not fail, so this only looks at the first bytes.
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    if decoder.total_bytes() > DECODED_BYTES_MAX {
        let (width, height) = decoder.dimensions();
        return Err(Failure::reject(format_args!(
            "the picture is too large: {width} x {height} take more than {DECODED_BYTES_MAX} bytes"
        )));
    }
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// As PNG with 8 bits a channel: more would only be larger.
fn encoded(image: DynamicImage) -> ImageResult<Vec<u8>> {
    let image = match (image.color().has_color(), image.color().has_alpha()) {
        (true, true) => image.into_rgba8().into(),
        (true, false) => image.into_rgb8().into(),
        (false, true) => image.into_luma_alpha8().into(),
        (false, false) => DynamicImage::from(image.into_luma8()),
    };
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive);
    image.write_with_encoder(encoder)?;
    Ok(png)
}

#[cfg(test)]
mod tests;
