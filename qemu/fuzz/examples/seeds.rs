//! Makes the first files of each target's corpus: small ones with every option that a header has.

use flate2::{Compression, GzBuilder};
use liblzma::read::XzEncoder;
use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
use std::fs;
use std::io::{Read, Result, Write};
use std::path::Path;

/// Bytes that match in places and don't in others.
fn sample(len: u32) -> Vec<u8> {
    (0..len)
        .map(|n| {
            if n & 0x30 == 0 { (n.wrapping_mul(2_654_435_761) >> 24) as u8 } else { (n % 5) as u8 }
        })
        .collect()
}

fn write(target: &str, number: usize, bytes: &[u8]) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("seed-{number:03}")), bytes)
}

/// Files with each header field, stored, and in members.
fn gzip() -> Result<Vec<Vec<u8>>> {
    let pack = |header: GzBuilder, level, len| -> Result<Vec<u8>> {
        let mut writer = header.write(Vec::new(), Compression::new(level));
        writer.write_all(&sample(len))?;
        writer.finish()
    };
    let mut files = Vec::new();
    for (level, len) in [(0, 9), (1, 300), (6, 3000), (9, 40_000), (9, 0)] {
        files.push(pack(GzBuilder::new(), level, len)?);
    }
    files.push(pack(GzBuilder::new().filename("a.ko").comment("c").extra(vec![1, 2]), 6, 99)?);
    files.push(
        [pack(GzBuilder::new(), 6, 50)?, pack(GzBuilder::new(), 9, 60)?, vec![0; 9]].concat(),
    );
    Ok(files)
}

fn filters(
    number: u32,
    [lc, lp, pb]: [u32; 3],
) -> std::result::Result<Filters, liblzma::stream::Error> {
    let mut filters = Filters::new();
    match number {
        1 => _ = filters.x86(),
        2 => _ = filters.arm64_properties(&[0, 16, 0, 0])?,
        3 => _ = filters.riscv(),
        4 => _ = filters.delta_properties(&[3])?,
        5 => _ = filters.arm().arm_thumb().powerpc(),
        6 => _ = filters.sparc(),
        _ => {}
    }
    let mut options = LzmaOptions::new_preset(6)?;
    options.literal_context_bits(lc).literal_position_bits(lp).position_bits(pb).dict_size(4096);
    filters.lzma2(&options);
    Ok(filters)
}

/// Files with each filter and check.
fn xz() -> Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    for number in 0..7 {
        let coder = [[3, 0, 2], [0, 4, 0], [4, 0, 4], [1, 2, 3]][number as usize % 4];
        let check = [Check::None, Check::Crc32, Check::Crc64, Check::Sha256][number as usize % 4];
        let stream = Stream::new_stream_encoder(&filters(number, coder)?, check)?;
        let mut file = Vec::new();
        XzEncoder::new_stream(&sample(500 << number)[..], stream).read_to_end(&mut file)?;
        files.push(file);
    }
    files.push([&files[0][..], &[0; 4], &files[1]].concat());
    Ok(files)
}

/// Raw data with the byte in front that the target chooses its filter by.
fn lzma2() -> Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    for number in 0..4 {
        let coder = [[3, 0, 2], [0, 4, 0], [4, 0, 4], [1, 2, 3]][number as usize];
        let stream = Stream::new_raw_encoder(&filters(0, coder)?)?;
        let mut file = vec![number as u8];
        XzEncoder::new_stream(&sample(500 << number)[..], stream).read_to_end(&mut file)?;
        files.push(file);
    }
    Ok(files)
}

/// Frames of several levels, with and without length and checksum, in blocks, and to be skipped.
fn zstd() -> Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    for (number, level) in [-7, 1, 3, 9, 19, 22].into_iter().enumerate() {
        let mut packer = zstd::bulk::Compressor::new(level)?;
        packer.include_checksum(number % 2 == 0)?;
        packer.include_contentsize(number % 3 != 0)?;
        files.push(packer.compress(&sample(700 << number))?);
    }
    files.push(zstd::encode_all(&[0; 3000][..], 3)?);
    let skip = b"\x53\x2a\x4d\x18\x02\0\0\0ab";
    files.push([skip, &files[0][..], skip, &files[1]].concat());
    Ok(files)
}

/// The blocks of [`zstd`]'s frames, as the target wants them.
fn zstd_block(files: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let block = |file: &Vec<u8>| {
        let flags = *file.get(4)?;
        let size = [usize::from(flags >> 5 & 1), 2, 4, 8][usize::from(flags >> 6)];
        let at = 5 + usize::from(flags & 32 == 0) + size;
        let head = file.get(at..at + 3)?;
        let len = u32::from_le_bytes([head[0], head[1], head[2], 0]) >> 3;
        let block = file.get(at + 3..at + 3 + len as usize)?;
        Some([&(len as u16).to_le_bytes()[..], block].concat())
    };
    files.iter().filter_map(block).collect()
}

/// Command lines and lists.
fn words() -> Vec<Vec<u8>> {
    let texts = [
        "insinit.modules=a,-b,:,/c.ko insinit.required=d a.x=\"1 2\" quiet -- x",
        "insinit.fail=reboot insinit.log=debug insinit.jobs=auto insinit.memory=4M insinit.alone=a",
        "root=UUID=x rootwait=3 rootflags=a,b=c insinit.mount=a:/b:9p:ro insinit.overlay=tmpfs",
        "module_blacklist=a modprobe.blacklist=b insinit.inflate=never insinit.force=all",
        "# list\n-a x=1 # two\n!b\n\"c d\" e=\"f g\"\n:\n",
    ];
    texts.map(Vec::from).into()
}

/// What the target `plan` takes, 0xff between one and the next.
fn plan() -> Vec<Vec<u8>> {
    let dep = "kernel/a.ko: kernel/b.ko kernel/c.ko\nkernel/b.ko: kernel/c.ko\nkernel/c.ko:\n";
    let looped = "a.ko: b.ko\nb.ko: a.ko\nupdates/a.ko.xz:\n";
    let parts = [
        [
            dep,
            "softdep a pre: d post: b\n",
            "alias x:* a\n",
            "kernel/e.ko\n",
            "",
            "insinit.modules=a",
        ],
        [looped, "softdep b pre: a\n", "", "", "softdep a post: a\n", "insinit.required=a,-b"],
        [dep, "", "alias [a-c]? b\n", "", "alias y x\nblacklist b\n", "insinit.modules=y,by"],
        ["", "", "", "x/a.ko\n", "install a /bin/true\noptions a b=1 \\\n c\n", "modules=a"],
    ];
    let join = |parts: [&str; 6]| parts.map(str::as_bytes).join(&0xff);
    parts.map(join).into()
}

/// A binary index: a node with children, one with values, one with a prefix; the text in front.
fn trie() -> Vec<Vec<u8>> {
    let number = |number: u32| number.to_be_bytes();
    let leaf = [&number(1)[..], &number(0), b"b.ko: c.ko\0"].concat();
    let root = 12_u32;
    let below = root + 2 + 4;
    let one =
        [&number(0x2000_0000 | root)[..], b"aa", &number(0x4000_0000 | below), &leaf].concat();
    let prefix = [&number(0xc000_0000 | root)[..], b"ab\0", &leaf].concat();
    let wild =
        [&number(0x2000_0000 | root)[..], b"**", &number(0x4000_0000 | below), &leaf].concat();
    [(one, "a"), (prefix, "ab"), (wild, "xyz")]
        .map(|(file, text)| [&[text.len() as u8], text.as_bytes(), &file].concat())
        .into()
}

/// Patterns and texts.
fn glob() -> Vec<Vec<u8>> {
    let pairs = [
        ("pci:v00008086d*sv*bc0[1-3]sc*", "pci:v00008086d00sv1bc02sc1"),
        ("a?-[!x]*", "ab_yz"),
        ("*a*b*c", "xxaxxbxxc"),
    ];
    pairs.map(|(one, two)| [&[one.len() as u8], one.as_bytes(), two.as_bytes()].concat()).into()
}

/// Disks with a table, and the start of file systems; four bytes of options in front.
fn disk() -> Vec<Vec<u8>> {
    let mut mbr = vec![0; 512];
    (mbr[440], mbr[450], mbr[510], mbr[511]) = (0xef, 0x83, 0x55, 0xaa);
    let mut gpt = mbr.clone();
    gpt[450] = 0xee;
    gpt.extend(b"EFI PART");
    gpt.resize(1024 + 512, 0);
    for (at, byte) in [(584, 2), (592, 4), (596, 128)] {
        gpt[at] = byte; // where the entries are, how many, how long
    }
    gpt[1024..1536].fill(7);
    let ext4 = [&[0; 0x438][..], b"\x53\xef", &[1; 200]].concat();
    let fat = [&[0x20; 82][..], b"FAT32   ", &[0; 9]].concat();
    [mbr, gpt, ext4, fat, b"XFSB".repeat(50), b"hsqs".into(), b"LUKS".into()]
        .map(|disk| [&[1, 0, 0, 0], &disk[..]].concat())
        .into()
}

/// Archives, one behind the other, and compressed.
fn cpio() -> Result<Vec<Vec<u8>>> {
    let member = |name: &str, mode: u32, body: &str| {
        let (size, length) = (body.len(), name.len() + 1);
        let numbers = [1, mode, 0, 0, 1, 0, size as u32, 0, 0, 5, 1, length as u32, 0];
        let mut bytes = b"070701".to_vec();
        numbers.iter().for_each(|number| bytes.extend(format!("{number:08x}").bytes()));
        for part in [format!("{name}\0"), body.into()] {
            bytes.extend(part.bytes());
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    };
    let all = [
        ("a", 0o40755, ""),
        ("a/b", 0o100_644, "text"),
        ("l", 0o120_777, "a/b"),
        ("c", 0o20600, ""),
    ];
    let mut archive: Vec<u8> =
        all.iter().flat_map(|(name, mode, body)| member(name, *mode, body)).collect();
    archive.extend(member("TRAILER!!!", 0, ""));
    let mut packer = GzBuilder::new().write(Vec::new(), Compression::new(6));
    packer.write_all(&archive)?;
    let packed = packer.finish()?;
    Ok(vec![archive.clone(), [&archive[..], &[0; 512], &packed].concat(), packed])
}

fn main() -> Result<()> {
    let (gzip, xz, zstd) = (gzip()?, xz()?, zstd()?);
    let headers = gzip
        .iter()
        .chain(&xz)
        .chain(&zstd)
        .map(|file| file[..file.len().min(64)].to_vec())
        .collect();
    for (target, files) in [
        ("header", headers),
        ("lzma2", lzma2()?),
        ("gzip", gzip),
        ("xz", xz),
        ("zstd_block", zstd_block(&zstd)),
        ("zstd", zstd),
        ("words", words()),
        ("plan", plan()),
        ("trie", trie()),
        ("glob", glob()),
        ("disk", disk()),
        ("cpio", cpio()?),
    ] {
        for (number, file) in files.iter().enumerate() {
            write(target, number, file)?;
        }
        println!("qemu/fuzz/corpus/{target}: {} files", files.len());
    }
    Ok(())
}
