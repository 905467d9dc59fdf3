//! Pictures made here, and what becomes of them.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb, Rgba};
use wasmill_sdk::testing::Job;

use super::thumbnail;

/// Red grows to the right, green downwards.
fn gradient(width: u32, height: u32) -> DynamicImage {
    let channel = |at: u32, of: u32| u8::try_from(at * 255 / of).unwrap();
    ImageBuffer::from_fn(width, height, |x, y| Rgb([channel(x, width), channel(y, height), 128])).into()
}

fn bytes(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn made(payload: impl Into<Vec<u8>>) -> DynamicImage {
    let output = Job::default().run(thumbnail, payload).result.unwrap();
    image::load_from_memory_with_format(&output, ImageFormat::Png).unwrap()
}

fn refused(payload: impl Into<Vec<u8>>) -> String {
    Job::default().run(thumbnail, payload).result.unwrap_err().to_string()
}

#[test]
fn pictures_become_smaller_and_keep_their_shape() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let small = made(bytes(&gradient(1024, 512), format)).into_rgb8();
        assert_eq!(small.dimensions(), (256, 128));
        let near = |x, y, expected: [u8; 3]| {
            small.get_pixel(x, y).0.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 8)
        };
        assert!(near(0, 0, [0, 0, 128]) && near(255, 0, [255, 0, 128]) && near(128, 127, [128, 255, 128]));
    }
}

#[test]
fn small_pictures_stay_as_they_are() {
    let image = gradient(40, 30);
    assert_eq!(made(bytes(&image, ImageFormat::Png)), image);
}

#[test]
fn json_may_ask_for_another_size() {
    let image = STANDARD.encode(bytes(&gradient(90, 300), ImageFormat::Jpeg));
    let small = made(format!(r#"{{"image": "{image}", "max_edge": 100}}"#));
    assert_eq!((small.width(), small.height()), (30, 100));
}

#[test]
fn transparency_stays_and_depth_does_not() {
    let clear = ImageBuffer::from_pixel(300, 300, Rgba([9_u16 << 8, 0, 0, 0])).into();
    assert_eq!(made(bytes(&clear, ImageFormat::Png)).color(), image::ColorType::Rgba8);
    let gray = ImageBuffer::from_pixel(300, 300, Luma([77_u16 << 8])).into();
    assert_eq!(made(bytes(&gray, ImageFormat::Png)).color(), image::ColorType::L8);
}

#[test]
fn what_is_no_picture_is_rejected_with_the_reason() {
    let mut cut = bytes(&gradient(300, 300), ImageFormat::Png);
    cut.truncate(cut.len() / 2);
    for (payload, reason) in [
        (b"".to_vec(), "reject: the picture cannot be read"),
        (b"GIF89a".to_vec(), "reject: the picture cannot be read"),
        (cut, "reject: the picture cannot be read"),
        (br#"{"image": "?"}"#.to_vec(), "reject: `image` is no base64"),
        (br#"{"image": "", "max_edge": 0}"#.to_vec(), "reject: the payload does not decode"),
    ] {
        let said = refused(payload);
        assert!(said.starts_with(reason), "{said}");
    }
}

#[test]
fn a_picture_that_would_fill_the_memory_is_rejected() {
    // All that is read of it: the header of a PNG, 10,000 pixels wide and high, 8 bits of gray.
    let header = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00'\x10\x00\x00'\x10\x08\x00\x00\x00\x00\x9f%=\xfb\x00\x00\x00\x00IDAT5\xaf\x06\x1e";
    let said = refused(*header);
    assert!(said.contains("the picture is too large: 10000 x 10000"), "{said}");
}
