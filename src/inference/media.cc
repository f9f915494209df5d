#include "inference/media.h"

#include <charconv>

#include <fmt/format.h>

#include "inference/sound_header.h"

namespace moat::inference {
namespace {

constexpr std::string_view kPng = "\x89PNG\r\n\x1A\n";
constexpr std::string_view kJpeg = "\xFF\xD8\xFF";

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

bool is_webp(std::string_view file) {
    return file.starts_with("RIFF") && file.substr(0, 12).ends_with("WEBP");
}

std::uint32_t big_endian(std::string_view file, std::size_t at, std::size_t bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
        value = value << 8 | static_cast<std::uint8_t>(file[at + i]);
    return value;
}

Result<MediaFacts> png_facts(std::string_view file) {
    constexpr std::size_t kHead = 33;  // signature and the first chunk, which must be IHDR
    if (file.size() < kHead || file.substr(12, 4) != "IHDR")
        return wrong("the PNG image is damaged: it has no header");
    return MediaFacts{MediaKind::image, "PNG", big_endian(file, 16, 4), big_endian(file, 20, 4)};
}

// SOF0 to SOF15, but for the three of that range which are something else.
bool begins_frame(std::uint8_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

Result<MediaFacts> jpeg_facts(std::string_view file) {
    std::size_t at = 2;
    while (at + 4 <= file.size()) {
        if (file[at] != '\xFF') {
            ++at;  // decoders pass over what is no marker
            continue;
        }
        const auto marker = static_cast<std::uint8_t>(file[at + 1]);
        if (marker == 0xFF) {
            ++at;
            continue;
        }
        if (begins_frame(marker)) {
            if (at + 9 > file.size()) break;
            return MediaFacts{
                MediaKind::image, "JPEG", big_endian(file, at + 7, 2), big_endian(file, at + 5, 2)
            };
        }
        const bool stands_alone = marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD9);
        at += stands_alone ? 2 : 2 + big_endian(file, at + 2, 2);
    }
    return wrong("the JPEG image is damaged: it has no header");
}

std::uint32_t little_endian(std::string_view file, std::size_t at, std::size_t bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = bytes; i > 0; --i)
        value = value << 8 | static_cast<std::uint8_t>(file[at + i - 1]);
    return value;
}

// RFC 9649: the first chunk is an extended header (2.7), a lossless stream (3.4) or a lossy one,
// which is a key frame of VP8 (RFC 6386, 9.1).
Result<MediaFacts> webp_facts(std::string_view file) {
    constexpr std::size_t kHead = 30;
    if (file.size() < kHead) return wrong("the WebP image is damaged: it has no header");
    const std::string_view chunk = file.substr(12, 4);
    MediaFacts facts{MediaKind::image, "WebP"};
    if (chunk == "VP8X") {
        facts.width = little_endian(file, 24, 3) + 1;
        facts.height = little_endian(file, 27, 3) + 1;
    } else if (chunk == "VP8L" && file[20] == '\x2F') {
        const std::uint32_t sizes = little_endian(file, 21, 4);
        facts.width = (sizes & 0x3FFF) + 1;
        facts.height = (sizes >> 14 & 0x3FFF) + 1;
    } else if (chunk == "VP8 " && file.substr(23, 3) == "\x9D\x01\x2A") {
        facts.width = little_endian(file, 26, 2) & 0x3FFF;
        facts.height = little_endian(file, 28, 2) & 0x3FFF;
    } else {
        return wrong("the WebP image is damaged: it has no header");
    }
    return facts;
}

Result<MediaFacts> checked_image(const Result<MediaFacts>& read) {
    if (!read) return read;
    if (read->width == 0 || read->height == 0)
        return wrong(fmt::format("the {} image has no pixels", read->format));
    const std::uint64_t pixels = std::uint64_t{read->width} * read->height;
    if (pixels <= kMostPixels) return read;
    return wrong(fmt::format(
        "the {} image is too large: {} x {} pixels, at most {} million; make it smaller",
        read->format,
        read->width,
        read->height,
        kMostPixels / 1'000'000
    ));
}

Result<MediaFacts> sound_facts(std::string_view format, const Result<double>& seconds) {
    if (!seconds) return seconds.error();
    return MediaFacts{.kind = MediaKind::sound, .format = format, .seconds = *seconds};
}

std::string mark_front(std::string_view nonce) {
    return fmt::format("[img-{}-", nonce);
}

}  // namespace

Result<MediaFacts> inspect_media(std::string_view file) {
    if (file.starts_with(kPng)) return checked_image(png_facts(file));
    if (file.starts_with(kJpeg)) return checked_image(jpeg_facts(file));
    if (is_webp(file)) return checked_image(webp_facts(file));
    if (is_wav(file)) return sound_facts("WAV", wav_seconds(file));
    if (is_flac(file)) return sound_facts("FLAC", flac_seconds(file));
    if (is_mp3(file)) return sound_facts("MP3", mp3_seconds(file));
    if (file.starts_with("GIF8"))
        return wrong("GIF images cannot be read here; send PNG, JPEG or WebP");
    return wrong("the data is no image or sound that can be read: PNG, JPEG, WebP, WAV, MP3 or FLAC"
    );
}

Result<std::vector<MediaFacts>> inspect_all(const std::vector<std::string>& files) {
    if (files.size() > kMostMedia) {
        return wrong(
            fmt::format("too many images in one request: {}; at most {}", files.size(), kMostMedia)
        );
    }
    std::vector<MediaFacts> all;
    std::uint64_t pixels = 0;
    double seconds = 0;
    for (const std::string& file : files) {
        TRY_ASSIGN(const MediaFacts facts, inspect_media(file));
        pixels += std::uint64_t{facts.width} * facts.height;
        seconds += facts.seconds;
        all.push_back(facts);
    }
    if (pixels > kMostPixelsTogether) {
        return wrong(fmt::format(
            "the images of the request are too large together: {} million pixels, at most {}; send "
            "fewer, or smaller ones",
            pixels / 1'000'000,
            kMostPixelsTogether / 1'000'000
        ));
    }
    if (seconds > kMostSeconds) {
        return wrong(fmt::format(
            "the sound is too long: {:.0f} seconds, at most {:.0f}; cut it into parts",
            seconds,
            kMostSeconds
        ));
    }
    return all;
}

std::string media_mark(std::string_view nonce, std::size_t index) {
    return fmt::format("{}{}]", mark_front(nonce), index);
}

std::size_t count_marks(std::string_view text, std::string_view nonce) {
    const std::string front = mark_front(nonce);
    std::size_t count = 0;
    for (auto at = text.find(front); at != std::string_view::npos; at = text.find(front, at + 1))
        ++count;
    return count;
}

std::string with_shown_marks(std::string text, std::string_view nonce) {
    const std::string front = mark_front(nonce);
    for (auto at = text.find(front); at != std::string::npos; at = text.find(front, at + 1))
        text.replace(at, front.size(), "[img-");
    return text;
}

std::vector<MarkedPiece> split_at_marks(
    std::string_view text, std::string_view nonce, std::size_t count
) {
    std::vector<MarkedPiece> pieces;
    const std::string front = mark_front(nonce);
    std::size_t begin = 0;  // of text that is in no piece yet
    for (auto at = text.find(front); at != std::string_view::npos; at = text.find(front, at + 1)) {
        std::size_t index = 0;
        const char* number = text.data() + at + front.size();
        const char* end = text.data() + text.size();
        const auto read = std::from_chars(number, end, index);
        const bool whole = read.ec == std::errc() && read.ptr != end && *read.ptr == ']';
        if (!whole || index >= count) continue;
        if (at > begin) pieces.push_back({.text = text.substr(begin, at - begin)});
        pieces.push_back({.text = {}, .index = index, .is_mark = true});
        begin = static_cast<std::size_t>(read.ptr + 1 - text.data());
    }
    if (begin < text.size()) pieces.push_back({.text = text.substr(begin)});
    return pieces;
}

}  // namespace moat::inference
