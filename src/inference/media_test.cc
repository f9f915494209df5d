#include "inference/media.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace moat::inference {
namespace {

std::string number(std::uint64_t value, int bytes, bool big) {
    std::string out;
    for (int i = 0; i < bytes; ++i) {
        const int shift = 8 * (big ? bytes - 1 - i : i);
        out += static_cast<char>(value >> shift & 0xFF);
    }
    return out;
}

// The header of a PNG (RFC 2083, 3.2 and 4.1.1).
std::string png(std::uint32_t width, std::uint32_t height) {
    return std::string("\x89PNG\r\n\x1A\n") + number(13, 4, true) + "IHDR" +
           number(width, 4, true) + number(height, 4, true) + std::string("\x08\x02\0\0\0", 5) +
           number(0, 4, true);
}

// ITU T.81, B.2.2: a frame header after an APP0 segment, which holds what looks like another.
std::string jpeg(std::uint32_t width, std::uint32_t height) {
    const std::string trap("\xFF\xC0\x00\x0B\x08\x00\x01\x00\x01", 9);
    return std::string("\xFF\xD8\xFF\xE0") + number(2 + trap.size(), 2, true) + trap +
           std::string("\xFF\xC2\x00\x0B\x08", 5) + number(height, 2, true) +
           number(width, 2, true) + std::string("\x01\x01\x11\x00", 4);
}

// RFC 9649, 2.3: the header of the file, and of its first chunk.
std::string webp(std::string_view kind, const std::string& payload) {
    return "RIFF" + number(12 + payload.size(), 4, false) + "WEBP" + std::string(kind) +
           number(payload.size(), 4, false) + payload;
}

// 2.7.1: flags and 24 bits of nothing, then width and height less one.
std::string extended_webp(std::uint32_t width, std::uint32_t height) {
    return webp(
        "VP8X", number(0, 4, false) + number(width - 1, 3, false) + number(height - 1, 3, false)
    );
}

// 3.4: a signature, then width and height less one in 14 bits each, alpha, version.
std::string lossless_webp(std::uint32_t width, std::uint32_t height) {
    return webp(
        "VP8L", "\x2F" + number((width - 1) | (height - 1) << 14, 4, false) + std::string(5, '\0')
    );
}

// RFC 6386, 9.1: a frame tag, a start code, then 14 bits of size and 2 of scale for each side.
std::string lossy_webp(std::uint32_t width, std::uint32_t height) {
    return webp(
        "VP8 ",
        std::string("\x10\x00\x00\x9D\x01\x2A", 6) + number(width | 1U << 14, 2, false) +
            number(height | 2U << 14, 2, false)
    );
}

std::string wav(std::uint32_t rate, std::uint32_t kind, std::uint32_t data_bytes) {
    return "RIFF" + number(36 + data_bytes, 4, false) + "WAVEfmt " + number(16, 4, false) +
           number(kind, 2, false) + number(1, 2, false) + number(rate, 4, false) +
           number(4'000'000'000, 4, false) +  // a data rate that lies
           number(2, 2, false) + number(16, 2, false) + "data" + number(data_bytes, 4, false) +
           std::string(data_bytes, '\0');
}

std::string flac(std::uint64_t rate, std::uint64_t samples) {
    const std::uint64_t packed = rate << 44 | 15ULL << 36 | samples;  // one channel of 16 bits
    return "fLaC" + number(0x80, 1, true) + number(34, 3, true) + std::string(10, '\0') +
           number(packed, 8, true) + std::string(16, '\0');
}

Error error_of(std::string_view file) {
    const auto facts = inspect_media(file);
    EXPECT_FALSE(facts);
    return facts ? Error{ErrorCode::internal, ""} : facts.error();
}

TEST(Media, AnImageIsWhatItsHeaderSays) {
    const auto one = inspect_media(png(640, 480));
    ASSERT_TRUE(one) << one.error().message;
    EXPECT_EQ(one->format, "PNG");
    EXPECT_EQ(one->width, 640);
    EXPECT_EQ(one->height, 480);
    const auto two = inspect_media(jpeg(1920, 1080));
    ASSERT_TRUE(two) << two.error().message;
    EXPECT_EQ(two->format, "JPEG");
    EXPECT_EQ(two->width, 1920);
    EXPECT_EQ(two->height, 1080);
    for (const auto& webp : {extended_webp(300, 9), lossless_webp(300, 9), lossy_webp(300, 9)}) {
        const auto three = inspect_media(webp);
        ASSERT_TRUE(three) << three.error().message;
        EXPECT_EQ(three->format, "WebP");
        EXPECT_EQ(three->width, 300);
        EXPECT_EQ(three->height, 9);
    }
}

TEST(Media, WhatWouldUnpackToTooMuchIsRefusedByItsHeader) {
    EXPECT_TRUE(inspect_media(png(10'000, 5'000)));
    EXPECT_TRUE(error_of(png(10'000, 5'001)).message.contains("too large: 10000 x 5001"));
    EXPECT_TRUE(error_of(png(0xFFFFFFFF, 0xFFFFFFFF)).message.contains("too large"));
    EXPECT_TRUE(error_of(jpeg(65535, 65535)).message.contains("too large"));
    EXPECT_TRUE(error_of(extended_webp(1U << 24, 1U << 24)).message.contains("too large"));
    EXPECT_TRUE(error_of(lossless_webp(16384, 16384)).message.contains("too large"));
    EXPECT_TRUE(error_of(lossy_webp(0, 10)).message.contains("no pixels"));
    EXPECT_TRUE(error_of(png(0, 10)).message.contains("no pixels"));
    EXPECT_TRUE(inspect_all({png(8'000, 6'000), png(8'000, 6'000)}));
    const auto three = inspect_all({png(8'000, 6'000), png(8'000, 6'000), png(8'000, 6'000)});
    ASSERT_FALSE(three);
    EXPECT_TRUE(three.error().message.contains("too large together: 144 million pixels"));
    EXPECT_FALSE(inspect_all(std::vector<std::string>(65, png(1, 1))));
}

TEST(Media, WhatCannotBeReadIsRefusedByWhatItIs) {
    EXPECT_TRUE(error_of("").message.contains("PNG, JPEG, WebP, WAV, MP3 or FLAC"));
    EXPECT_TRUE(error_of("hello").message.contains("PNG, JPEG, WebP, WAV, MP3 or FLAC"));
    for (const auto& webp : {extended_webp(9, 9), lossless_webp(9, 9), lossy_webp(9, 9)}) {
        for (std::size_t length = 12; length < webp.size(); ++length)
            EXPECT_TRUE(error_of(webp.substr(0, length)).message.contains("damaged")) << length;
    }
    EXPECT_TRUE(error_of(webp("ICCP", std::string(20, '\0'))).message.contains("damaged"));
    EXPECT_TRUE(error_of("GIF89a").message.contains("GIF"));
    for (std::size_t length = 8; length < png(1, 1).size(); ++length)
        EXPECT_FALSE(inspect_media(png(1, 1).substr(0, length))) << length;
    const std::string photo = jpeg(10, 10);
    for (std::size_t length = 0; length < photo.size() - 4; ++length)
        EXPECT_FALSE(inspect_media(photo.substr(0, length))) << length;
}

TEST(Media, ASoundIsAsLongAsADecoderWouldFind) {
    EXPECT_DOUBLE_EQ(inspect_media(wav(16'000, 1, 64'000))->seconds, 2.0);
    EXPECT_DOUBLE_EQ(inspect_media(flac(44'100, 441'000))->seconds, 10.0);
    // MPEG 1, layer III, 128 kbit/s at 44.1 kHz: 417 bytes and 1152 samples each.
    std::string mp3;
    for (int i = 0; i < 10; ++i)
        mp3 += std::string("\xFF\xFB\x90\x00", 4) + std::string(413, '\0');
    EXPECT_NEAR(inspect_media(mp3)->seconds, 10 * 1152 / 44'100.0, 1e-9);
    const std::string tag = "ID3" + std::string("\x03\x00\x00\x00\x00\x00\x05", 7) + "12345";
    EXPECT_NEAR(inspect_media(tag + mp3)->seconds, 10 * 1152 / 44'100.0, 1e-9);
}

TEST(Media, ASoundThatWouldUnpackToTooMuchIsRefused) {
    EXPECT_TRUE(error_of(wav(1, 1, 1000)).message.contains("sample rate is too low"));
    EXPECT_TRUE(error_of(wav(16'000, 2, 1000)).message.contains("compressed"));
    EXPECT_TRUE(error_of(flac(44'100, 0)).message.contains("how long"));
    EXPECT_TRUE(error_of("fLaC").message.contains("FLAC"));
    const auto all = inspect_all({flac(1'000, 68'719'476'735)});
    ASSERT_FALSE(all);
    EXPECT_TRUE(all.error().message.contains("too long"));
    EXPECT_FALSE(inspect_media(wav(16'000, 1, 100).substr(0, 30)));
}

TEST(Media, AMarkIsFoundAgainAndNoUserCanWriteOne) {
    const std::string nonce = "0f1e2d3c";
    const std::string text = "[img-0] see " + media_mark(nonce, 0) + media_mark(nonce, 12) +
                             "! [img-0f1e2d3c-x] " + media_mark("ffffffff", 0);
    EXPECT_EQ(count_marks(text, nonce), 3);
    const auto pieces = split_at_marks(text, nonce, 13);
    ASSERT_EQ(pieces.size(), 4);
    EXPECT_EQ(pieces[0].text, "[img-0] see ");
    EXPECT_TRUE(pieces[1].is_mark);
    EXPECT_EQ(pieces[1].index, 0);
    EXPECT_TRUE(pieces[2].is_mark);
    EXPECT_EQ(pieces[2].index, 12);
    EXPECT_EQ(pieces[3].text, "! [img-0f1e2d3c-x] " + media_mark("ffffffff", 0));
    EXPECT_EQ(split_at_marks(text, nonce, 12).size(), 3);  // there is no image 12
    EXPECT_EQ(with_shown_marks("a " + media_mark(nonce, 3), nonce), "a [img-3]");
}

}  // namespace
}  // namespace moat::inference
