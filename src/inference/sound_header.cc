#include "inference/sound_header.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace moat::inference {
namespace {

// Of a file that says less, seconds are many samples when they are converted to a model's rate.
constexpr std::uint32_t kLeastRate = 1000;

Error damaged(const char* format, const char* why) {
    return Error{
        ErrorCode::invalid_argument, std::string("the ") + format + " sound is damaged: " + why
    };
}

std::uint8_t byte_at(std::string_view file, std::size_t at) {
    return static_cast<std::uint8_t>(file[at]);
}

std::uint32_t little_endian(std::string_view file, std::size_t at) {
    return byte_at(file, at) | std::uint32_t{byte_at(file, at + 1)} << 8 |
           std::uint32_t{byte_at(file, at + 2)} << 16 | std::uint32_t{byte_at(file, at + 3)} << 24;
}

struct WavFormat {
    std::uint32_t rate = 0;  // frames a second
    std::uint32_t bytes_a_frame = 0;
};

Result<WavFormat> wav_format(std::string_view part) {
    if (part.size() < 16) return damaged("WAV", "its format is cut short");
    const std::uint32_t kind = little_endian(part, 0) & 0xFFFF;
    const std::uint32_t channels = little_endian(part, 0) >> 16;
    const std::uint32_t align = little_endian(part, 12) & 0xFFFF;
    const std::uint32_t bits = little_endian(part, 12) >> 16;
    constexpr std::array<std::uint32_t, 5> kPlain = {1, 3, 6, 7, 0xFFFE};
    if (std::ranges::find(kPlain, kind) == kPlain.end())
        return damaged("WAV", "its samples are compressed");
    const WavFormat format{little_endian(part, 4), std::min(align, bits * channels / 8)};
    if (format.rate < kLeastRate) return damaged("WAV", "its sample rate is too low");
    if (format.bytes_a_frame == 0) return damaged("WAV", "its samples have no size");
    return format;
}

struct Mp3Frame {
    std::size_t bytes = 0;
    double seconds = 0;
};

// Kilobits a second by index. Rows: MPEG 1 layers I, II, III; MPEG 2 and 2.5 layers I, II and III.
constexpr std::array<std::array<int, 16>, 5> kBitRates = {{
    {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0},
    {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0},
    {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},
    {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0},
    {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},
}};

// ISO 11172-3, section 2.4.2.3, and 13818-3. Nothing where no frame begins, or one of free format,
// whose length it does not say.
std::optional<Mp3Frame> mp3_frame(std::string_view file, std::size_t at) {
    if (at + 4 > file.size() || byte_at(file, at) != 0xFF || (byte_at(file, at + 1) & 0xE0) != 0xE0)
        return std::nullopt;
    const int version = byte_at(file, at + 1) >> 3 & 3;  // 0: 2.5, 2: 2, 3: 1
    const int layer = 4 - (byte_at(file, at + 1) >> 1 & 3);
    const int rate_index = byte_at(file, at + 2) >> 2 & 3;
    if (version == 1 || layer == 4 || rate_index == 3) return std::nullopt;
    const bool first = version == 3;
    const std::size_t row = first ? static_cast<std::size_t>(layer - 1) : layer == 1 ? 3 : 4;
    const int bits = kBitRates[row][byte_at(file, at + 2) >> 4] * 1000;
    if (bits == 0) return std::nullopt;
    constexpr std::array kRates = {44100, 48000, 32000};
    const int rate = kRates[static_cast<std::size_t>(rate_index)] >> (first          ? 0
                                                                      : version == 2 ? 1
                                                                                     : 2);
    const int samples = layer == 1 ? 384 : layer == 3 && !first ? 576 : 1152;
    const int padding = (byte_at(file, at + 2) >> 1 & 1) * (layer == 1 ? 4 : 1);
    const int bytes =
        layer == 1 ? 12 * bits / rate * 4 + padding : samples / 8 * bits / rate + padding;
    return Mp3Frame{
        static_cast<std::size_t>(std::max(bytes, 1)), static_cast<double>(samples) / rate
    };
}

}  // namespace

bool is_wav(std::string_view file) {
    return file.starts_with("RIFF") && file.substr(0, 12).ends_with("WAVE");
}

bool is_flac(std::string_view file) {
    return file.starts_with("fLaC");
}

bool is_mp3(std::string_view file) {
    return file.starts_with("ID3") ||
           (file.size() > 4 && byte_at(file, 0) == 0xFF && (byte_at(file, 1) & 0xE0) == 0xE0);
}

// Its length by the facts a decoder goes by; the data rate may say anything.
Result<double> wav_seconds(std::string_view file) {
    std::optional<WavFormat> format;
    for (std::size_t at = 12; at + 8 <= file.size();) {
        const std::string_view name = file.substr(at, 4);
        const std::uint32_t size = little_endian(file, at + 4);
        const std::string_view rest = file.substr(at + 8);
        if (name == "fmt ") {
            TRY_ASSIGN(format, wav_format(rest.substr(0, size)));
        }
        if (name == "data") {
            if (!format) return damaged("WAV", "it does not say what its data is");
            const auto frames = static_cast<double>(std::min<std::size_t>(size, rest.size())) /
                                format->bytes_a_frame;
            return frames / format->rate;
        }
        at += 8 + std::size_t{size} + (size & 1);
    }
    return damaged("WAV", "it has no data");
}

Result<double> flac_seconds(std::string_view file) {
    constexpr std::size_t kInfo =
        8;  // after the name of the format and the head of the first block
    if (file.size() < kInfo + 18 || (byte_at(file, 4) & 0x7F) != 0)
        return damaged("FLAC", "it does not begin with its stream's facts");
    const auto at = [&](std::size_t i) { return std::uint64_t{byte_at(file, kInfo + i)}; };
    const std::uint64_t rate = at(10) << 12 | at(11) << 4 | at(12) >> 4;
    const std::uint64_t samples =
        (at(13) & 0xF) << 32 | at(14) << 24 | at(15) << 16 | at(16) << 8 | at(17);
    if (rate < kLeastRate) return damaged("FLAC", "its sample rate is too low");
    if (samples == 0) return damaged("FLAC", "it does not say how long it is");
    return static_cast<double>(samples) / static_cast<double>(rate);
}

Result<double> mp3_seconds(std::string_view file) {
    std::size_t at = 0;
    if (file.starts_with("ID3") && file.size() > 10) {
        std::size_t tag = 0;  // four times 7 bits
        for (std::size_t i = 6; i < 10; ++i)
            tag = tag << 7 | (byte_at(file, i) & 0x7FU);
        at = 10 + tag;
    }
    double seconds = 0;
    while (at < file.size()) {
        const auto frame = mp3_frame(file, at);
        if (frame) seconds += frame->seconds;
        at += frame ? frame->bytes : 1;
    }
    if (seconds > 0) return seconds;
    return damaged("MP3", "no frame was found");
}

}  // namespace moat::inference
